"""`dse explain`: layer by layer, where it runs, why there, what it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dse.chips.account import Account
from dse.chips.advice import Advice
from dse.chips.checking import Checked, checked
from dse.chips.chip import Chip
from dse.chips.registry import chip
from dse.chips.subject import find
from dse.chips.target import Target
from dse.text_table import bytes_text, format_table

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True)
class Explanation:
    """A design, checked, how it runs on the chip `on`, and what to change in it."""

    checked: Checked
    account: Account
    on: Chip = field(repr=False)
    advice: tuple[Advice, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The fields of `dse explain --json`: those of `dse check`, of `Account.as_dict`, and
        `advice`, a list of `Advice.as_dict`."""
        return {
            "design": self.design,
            **self.checked.as_dict(),
            **self.account.as_dict(),
            "advice": [one.as_dict() for one in self.advice],
        }

    @property
    def design(self) -> str:
        """Its name."""
        return self.checked.design

    def table(self) -> str:
        """The layers for a terminal, with the sum of the times and the verdict below."""
        rows, columns = self.account.layers, self.account.columns
        if any(row["latency_ms"] for row in rows):
            header = ("layer", "op", "runs on", "shape", *columns, "time", "share", "why")
            cells = [_cells(row, columns.values()) for row in rows]
        else:  # nothing runs: the compiler refuses it, or some operation has no rule
            header = ("layer", "op", "shape")
            cells = [(row["layer"], row["op"], _sides(row)) for row in rows]
        text = format_table(header, cells, left=("layer", "op", "runs on", "why"))
        told, cost = self.checked, self.checked.cost
        lines = [text, "", f"{told.verdict.status}: {told.message}", *told.notes]
        if told.verdict.instead:
            lines.append(f"instead: {told.verdict.instead}")
        if cost.is_priced:
            lines.append(
                f"together {cost.latency_ms:.1f} ms "
                f"(between {cost.latency_ms_low:.1f} and {cost.latency_ms_high:.1f})"
            )
        lines += ["", *(f"what to change: {one}" for one in self.advice)] if self.advice else []
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<{self.design}: {len(self.account.layers)} layers, {self.checked.message}>"


def explain(name: str, target: Target, *, classes: int = 1) -> Explanation:
    """The account of the candidate, training or file `name`, as of `check`.

    classes: that a candidate tells apart.
    Raises UsageError, UnknownName or InvalidFile for a name that means nothing, and as
    `Chip.account_file`.
    """
    on = chip(target.chip)
    subject = find(name, on, classes)
    cost = subject.cost(on, target)
    account, advice = subject.account(on, target), tuple(subject.advice(on, cost, target))
    return Explanation(checked(subject, cost, target), account, on, advice)


def _cells(row: Mapping[str, Any], own: Iterable[str]) -> tuple[str, ...]:
    return (
        row["layer"],
        row["op"],
        row["runs_on"],
        _sides(row),
        *(_amount(field, row[field]) for field in own),
        f"{row['latency_ms']:.2f} ms",
        f"{row['share']:.1%}",
        row["why"],
    )


def _sides(row: Mapping[str, Any]) -> str:
    return "x".join(str(side) for side in row["shape"])


def _amount(field: str, value: int) -> str:
    if not value:
        return ""
    return bytes_text(value) if field.endswith("_bytes") else f"{value:,}"
