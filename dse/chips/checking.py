"""`dse check`: cost and verdict of candidates and of files, before any training."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dse.chips.advice import Advice
from dse.chips.chip import Pictured
from dse.chips.columns import COUNTS, TIMES
from dse.chips.cost import Cost, Use
from dse.chips.nearest import nearest_fit
from dse.chips.pricing import judge
from dse.chips.registry import chip
from dse.chips.subject import OwnFile, Subject, find
from dse.chips.target import Target
from dse.chips.verdict import ACCEPTED, REFUSED, UNKNOWN, Verdict
from dse.errors import DseError, UsageError
from dse.space import Candidate, SearchSpace, Training
from dse.text_table import bytes_text, format_table

__all__ = ["Checked", "check", "check_each", "check_rows", "check_table", "checked"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """What a network costs on `target`, and whether it fits.

    design: its name. cost: size, memory, milliseconds, millijoules. verdict: which limit it passes,
    where, and by how much. uses: of each memory what it needs and may have. nearest: the design
    that fits and differs least, where one was looked for. notes: what was changed to read its file,
    and what the chip says of its figures.
    advice: a change in the network of a file that gains much, else the one that gains most.
    """

    design: str
    cost: Cost
    verdict: Verdict
    uses: tuple[Use, ...]
    target: Target
    nearest: Candidate | None = None
    notes: tuple[str, ...] = ()
    advice: Advice | None = None

    @property
    def fits(self) -> bool:
        """The target can hold it."""
        return self.verdict.accepted

    @property
    def message(self) -> str:
        """The verdict in a sentence: what is too much, or what is left."""
        return self.verdict.message or _fits(self.cost, self.uses, self.target)

    def as_dict(self) -> Row:
        """The fields of `dse check --json`. Where not all is known, times are null: a sum without
        some of its parts looks exact, and is none."""
        cost, verdict = self.cost, self.verdict
        return {
            "candidate": self.design,
            "verdict": verdict.status,
            "reason": verdict.reason or None,
            "layer": verdict.layer or None,
            **{column.name: column.of(cost) for column in COUNTS},
            **cost.figures,
            **{
                column.name: _known(column.of(cost)) if cost.is_priced else None for column in TIMES
            },
            "needed_bytes": verdict.needed_bytes or None,
            "allowed_bytes": verdict.allowed_bytes or None,
            "range_dependent": list(cost.range_dependent),
            "message": self.message,
            "instead": verdict.instead or None,
            "unknown_operations": dict(Counter(op for _, op in cost.unknown_ops)),
            "nearest": self.nearest.id if self.nearest else None,
            "notes": list(self.notes),
            "advice": self.advice.as_dict() if self.advice else None,
            "file_bytes": cost.file_bytes,
            "pools": {
                use.pool.name: {
                    "needed_bytes": use.needed_bytes,
                    "allowed_bytes": use.allowed_bytes,
                }
                for use in self.uses
            },
        }

    def __repr__(self) -> str:
        cost = self.cost
        times = (
            f"{cost.latency_ms:.1f} ms ({cost.latency_ms_low:.1f} to {cost.latency_ms_high:.1f})"
        )
        band = times if cost.is_priced else "time unknown"
        return (
            f"<{self.design} on {self.target.name}: {self.verdict.status}, {band}, {self.message}>"
        )


def check(
    design: str | Path | Candidate | Training,
    target: Target,
    space: SearchSpace | None = None,
    *,
    classes: int = 1,
) -> Checked:
    """Prices one network and judges it.

    design: a candidate or its id, a training or its id (in the chip's usual format), or the path
    of a `.tflite` file, or of one that the chip runs as it is. space: where to look for the nearest
    design that fits, when it does not. classes: that a candidate tells apart. Raises UsageError,
    UnknownName or InvalidFile for a name that means nothing, and as `Chip.price_file`.
    """
    name = design.id if isinstance(design, Candidate | Training) else str(design)
    on = chip(target.chip)
    subject = find(name, on, classes)
    advised = isinstance(subject, Subject) and subject.file is not None
    return checked(subject, subject.cost(on, target), target, space, classes, advised=advised)


def checked(
    subject: Subject | OwnFile,
    cost: Cost,
    target: Target,
    space: SearchSpace | None = None,
    classes: int = 1,
    *,
    advised: bool = False,
) -> Checked:
    """The judgement on a network with that cost. advised: with a change that gains much."""
    on, verdict = chip(target.chip), judge(cost, target)
    nearest = None
    if subject.candidate is not None and space is not None and not verdict.accepted:
        nearest = nearest_fit(subject.candidate, space, target, classes)
    uses = tuple(on.uses(cost, target))
    found = subject.advice(on, cost, target, brief=True) if advised else ()
    best = next(iter(found), None)
    notes = (*subject.notes, *cost.notes)
    return Checked(subject.name, cost, verdict, uses, target, nearest, notes, best)


def check_rows(
    names: Sequence[str], target: Target, space: SearchSpace | None = None, *, classes: int = 1
) -> list[Row]:
    """`check` of each name, with the fields of `dse check --json`."""
    return [check(name, target, space, classes=classes).as_dict() for name in names]


def check_each(
    names: Sequence[str], target: Target, space: SearchSpace | None = None, *, classes: int = 1
) -> list[Row | DseError]:
    """As `check_rows`, but what is wrong with one name stands in the place of its row."""
    return [_row_or_error(name, target, space, classes) for name in names]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _row_or_error(
    name: str, target: Target, space: SearchSpace | None, classes: int
) -> Row | DseError:
    try:
        return check(name, target, space, classes=classes).as_dict()
    except DseError as error:
        return error


def _fits(cost: Cost, uses: Sequence[Use], target: Target) -> str:
    """What is left, in a sentence."""
    if not cost.deployable:
        return chip(target.chip).why_explored(cost.format)
    spare = [
        f"{bytes_text(use.allowed_bytes - use.needed_bytes)} of {use.pool.short}" for use in uses
    ]
    written = f" as {cost.written_as}" if cost.written_as else ""
    return f"fits{written}, with {' and '.join(spare)} to spare"


def check_table(rows: Sequence[Row], target: Target) -> str:
    """The rows for a terminal: a table, then a sentence for each."""
    on = chip(target.chip)
    columns = on.columns
    size = next((pool.header for pool in on.pools if pool.field == columns.size), "file")
    memories = [column for column in columns.costs if column.name != columns.size]
    headings = [column.heading for column in memories]
    header = ("candidate", "verdict", size, *headings, "time", "band", "energy")
    cells = [
        (
            row["candidate"],
            row["verdict"],
            *_amounts(row, ("file_bytes", *(column.name for column in memories))),
            *_times(row),
        )
        for row in rows
    ]
    lines = [format_table(header, cells, left=("candidate", "verdict")), ""]
    for row in rows:
        lines.append(f"{row['candidate']}: {row['message']}")
        lines += [f"  {note}" for note in row["notes"]]
        if row["instead"]:
            lines.append(f"  instead: {row['instead']}")
        if row["advice"]:
            lines += _advised(row["advice"])
        if row["range_dependent"]:
            layers = ", ".join(row["range_dependent"])
            lines.append(f"  the calibration pictures decide on two conversions at {layers}")
        if row["nearest"]:
            lines.append(f"  nearest that fits: {row['nearest']}")
    note = on.picture_note(list(_pictured(rows)), target)
    return "\n".join([*lines, note] if note else lines)


def _pictured(rows: Sequence[Row]) -> Iterator[Pictured]:
    """Those of `rows` that are candidates and fit."""
    for row in rows:
        if row["verdict"] == ACCEPTED:
            with suppress(UsageError):
                canvas = Candidate.parse(row["candidate"]).training.canvas
                yield Pictured(row["candidate"], canvas, row["latency_ms"])


UNTOLD = "-"


def _advised(advice: Row) -> list[str]:
    """The change that gains most, in short; all of them are `dse explain`'s."""
    before, after = advice["before"], advice["after"]
    times = f"{_ms(before)} now, {_ms(after)} and {after['verdict']} without"
    return [
        f"  what to change: {advice['why']}: {times} (more: dse explain)",
        f"    Keras:   {advice['keras']}",
        f"    PyTorch: {advice['pytorch']}",
    ]


def _ms(judged: Row) -> str:
    return judged["verdict"] if judged["latency_ms"] is None else f"{judged['latency_ms']:.0f} ms"


def _amounts(row: Row, names: Sequence[str]) -> list[str]:
    """Bytes; of a network that the compiler refuses there are none, and of one that is not known as
    a whole they would look exact."""
    if row["verdict"] in (REFUSED, UNKNOWN):
        return [UNTOLD] * len(names)
    return [bytes_text(row[name]) for name in names]


def _times(row: Row) -> tuple[str, str, str]:
    """Time, band, energy."""
    if row["latency_ms"] is None:
        return UNTOLD, UNTOLD, UNTOLD
    return (
        f"{row['latency_ms']:.0f} ms",
        f"{row['latency_ms_low']:.0f}..{row['latency_ms_high']:.0f}",
        UNTOLD if row["energy_mj"] is None else f"{row['energy_mj']:.0f} mJ",
    )
