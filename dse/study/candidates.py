"""The table of all candidates, column by column: a million of them in some hundred megabytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from dse.chips.verdict import ACCEPTED, REJECTED, UNKNOWN
from dse.network.families import BREAKPOINTS
from dse.schema import LARGEST
from dse.space import FORMATS, TRAINING_AXES, Candidate, Training

__all__ = ["Candidates", "Row", "deployable_rows", "rejected_by_reason"]

Row = dict[str, Any]
"""One candidate: its axes, cost and verdict, by name."""

FLOATS = ("width", "latency_ms", "latency_ms_low", "latency_ms_high", "energy_mj")
INTEGERS = (
    "frozen_until",
    "input_size",
    "parameters",
    "macs",
    "kmodel_bytes",
    "main_memory_bytes",
    "peak_kpu_bytes",
    "needed_bytes",
    "allowed_bytes",
)
TYPES: dict[str, type] = {**dict.fromkeys(FLOATS, float), **dict.fromkeys(INTEGERS, int)}
"""Of the columns that hold numbers. The others hold few different values."""

KNOWN = {
    "breakpoint": BREAKPOINTS,
    "format": FORMATS,
    "status": (ACCEPTED, REJECTED, UNKNOWN),
    "deployable": (True, False),
}
"""The values of columns that hold one of a few."""

NAMES = ("candidate", "training")
"""Columns that follow from the axes and are not kept."""

BLOCK = 20_000
"""Rows that exist at a time when all are made or taken in."""


class Candidates(Sequence[Row]):
    """The candidates of a space, in its order: a sequence of rows, each made when asked for.

    Numbers are kept in arrays; a column of anything else as places in the list of its values.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        """rows: all with the same fields in the same order; read once and not kept."""
        source = iter(rows)
        blocks: list[dict[str, NDArray[Any]]] = []
        self._names: tuple[str, ...] = ()
        self._places: dict[str, dict[Any, int]] = {}
        while block := list(islice(source, BLOCK)):
            self._names = tuple(block[0])
            blocks.append({name: self._packed(name, block) for name in self._kept})
        self._columns: dict[str, NDArray[Any]] = {
            name: np.concatenate([block[name] for block in blocks]) for name in self._kept
        }
        self._values = {name: list(places) for name, places in self._places.items()}

    @property
    def _kept(self) -> list[str]:
        return [name for name in self._names if name not in NAMES]

    def _packed(self, name: str, rows: Sequence[Row]) -> NDArray[Any]:
        column = [row[name] for row in rows]
        if name in TYPES:
            return np.array(column, dtype=TYPES[name])
        places = self._places.setdefault(name, {})
        return np.array([places.setdefault(value, len(places)) for value in column], np.int32)

    def __len__(self) -> int:
        return len(self._columns["format"]) if self._columns else 0

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        places = range(len(self))[at]
        if isinstance(places, range):
            return list(self._rows(np.asarray(places, dtype=np.intp)))
        return next(self._rows(np.array([places])))

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, len(self), BLOCK):
            yield from self._rows(np.arange(start, min(start + BLOCK, len(self))))

    def _rows(self, places: NDArray[np.intp]) -> Iterator[Row]:
        columns = {name: self._unpacked(name, places) for name in self._kept}
        for values in zip(*columns.values(), strict=True):
            row = dict(zip(columns, values, strict=True))
            training = Training(*(row[axis] for axis in TRAINING_AXES))
            candidate = Candidate(training, row["format"])
            names = {"candidate": candidate.id, "training": training.id}
            yield {name: names.get(name) or row[name] for name in self._names}

    def _unpacked(self, name: str, places: NDArray[np.intp]) -> list[Any]:
        column = self._columns[name][places].tolist()
        return column if name in TYPES else [self._values[name][place] for place in column]

    def check(self) -> None:
        """Raises ValueError for rows that no space has: ids name files, numbers are drawn."""
        for name, known in KNOWN.items():
            strange = [value for value in self._places.get(name, ()) if value not in known]
            if strange:
                raise ValueError(f"'{strange[0]}' is no {name}")
        for name in TYPES:
            if len(self) and not (np.abs(self._columns[name]) <= LARGEST).all():
                raise ValueError(f"a '{name}' is no sensible number")

    def are(self, name: str, value: Any) -> NDArray[np.bool_]:
        """(n,) of which candidates the field `name`, which holds no number, is `value`."""
        place = self._places[name].get(value, -1)
        return np.asarray(self._columns[name] == place)

    def numbers(self, name: str) -> NDArray[Any]:
        """(n,) the field `name`, which holds numbers."""
        return self._columns[name]

    def verdicts(self) -> Counter[tuple[str, str]]:
        """Candidates counted by status and reason, in the order in which these first occur."""
        names = ("status", "reason")
        pairs, first, counts = np.unique(
            np.column_stack([self._columns[name] for name in names]),
            axis=0,
            return_index=True,
            return_counts=True,
        )
        order = np.argsort(first)
        words = [[self._values[n][at] for n, at in zip(names, pair, strict=True)] for pair in pairs]
        return Counter({tuple(words[at]): int(counts[at]) for at in order})

    @cached_property
    def deployable(self) -> Mapping[str, Row]:
        """As `deployable_rows`; each row is made when it is asked for."""
        chosen = np.flatnonzero(self.are("status", "accepted") & self.are("deployable", True))
        axes = (self._unpacked(axis, chosen) for axis in TRAINING_AXES)
        sizes = self._columns["kmodel_bytes"][chosen].tolist()
        best: dict[str, tuple[int, int]] = {}
        for place, size, *training in zip(chosen.tolist(), sizes, *axes, strict=True):
            id = Training(*training).id
            if id not in best or size < best[id][0]:
                best[id] = size, place
        return _Chosen(self, {id: place for id, (_, place) in best.items()})


class _Chosen(Mapping[str, Row]):
    """Some rows of `candidates` by their training's id."""

    def __init__(self, candidates: Candidates, places: dict[str, int]) -> None:
        self._candidates, self._places = candidates, places

    def __getitem__(self, id: str) -> Row:
        return self._candidates[self._places[id]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def deployable_rows(rows: Sequence[Row]) -> Mapping[str, Row]:
    """Per training id, its smallest candidate that fits and that the chip can run."""
    if isinstance(rows, Candidates):
        return rows.deployable
    best: dict[str, Row] = {}
    for row in rows:
        if row["status"] == "accepted" and row["deployable"]:
            seen = best.get(row["training"])
            if seen is None or row["kmodel_bytes"] < seen["kmodel_bytes"]:
                best[row["training"]] = row
    return best


def rejected_by_reason(rows: Sequence[Row]) -> dict[str, int]:
    """Candidates that were not accepted, counted by reason, the most frequent first."""
    if isinstance(rows, Candidates):
        verdicts = rows.verdicts()
    else:
        verdicts = Counter((row["status"], row["reason"]) for row in rows)
    counts: Counter[str] = Counter()
    for (status, reason), count in verdicts.items():
        if status != "accepted":
            counts[reason or status] += count
    return dict(counts.most_common())
