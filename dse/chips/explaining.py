"""`dse explain`: layer by layer, where it runs, why there, what it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dse.chips.account import Account
from dse.chips.checking import check_row
from dse.chips.chip import Chip
from dse.chips.pricing import price
from dse.chips.registry import chip
from dse.chips.subject import resolve
from dse.chips.target import Target
from dse.text_table import bytes_text, format_table

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True)
class Explanation:
    """A design's row of `dse check`, and how it runs on the chip `on`."""

    design: str
    checked: Mapping[str, Any]
    account: Account
    on: Chip = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The fields of `dse explain --json`: those of `dse check`, and of `Account.as_dict`."""
        return {"design": self.design, **self.checked, **self.account.as_dict()}

    def table(self) -> str:
        """The layers for a terminal, with the sum of the times and the verdict below."""
        header = ("layer", "op", "runs on", "shape", *self.account.columns, "time", "share", "why")
        cells = [_cells(row, self.account.columns.values()) for row in self.account.layers]
        text = format_table(header, cells, left=("layer", "op", "runs on", "why"))
        checked = self.checked
        total, low, high = (checked[f"latency_ms{end}"] for end in ("", "_low", "_high"))
        return (
            f"{text}\n\n{checked['verdict']}: {checked['message']}\n"
            f"together {total:.1f} ms (between {low:.1f} and {high:.1f})"
        )


def explain(name: str, target: Target) -> Explanation:
    """The account of the candidate, training or `.tflite` file `name`.

    Raises UsageError, UnknownName or InvalidFile for a name that means nothing.
    """
    on = chip(target.chip)
    subject = resolve(name, on.format)
    cost = price(subject.graph, subject.format, target)
    return Explanation(
        subject.name,
        check_row(subject, cost, target),
        on.account(subject.graph, subject.format, target),
        on,
    )


def _cells(row: Mapping[str, Any], own: Iterable[str]) -> tuple[str, ...]:
    return (
        row["layer"],
        row["op"],
        row["runs_on"],
        "x".join(str(side) for side in row["shape"]),
        *(_amount(field, row[field]) for field in own),
        f"{row['latency_ms']:.2f} ms",
        f"{row['share']:.1%}",
        row["why"],
    )


def _amount(field: str, value: int) -> str:
    if not value:
        return ""
    return bytes_text(value) if field.endswith("_bytes") else f"{value:,}"
