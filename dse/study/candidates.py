"""The table of all candidates, column by column: a million of them in some hundred megabytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from dse.chips.verdict import ACCEPTED, REFUSED, REJECTED, UNKNOWN
from dse.columns import Column
from dse.detection.heads import HEADS
from dse.network.families import BREAKPOINTS
from dse.schema import LARGEST
from dse.space import FORMATS, TRAINING_AXES, Candidate, Training
from dse.study.columns import NAMES, StudyColumns
from dse.study.rows import CandidateRow

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Candidates"]

KNOWN = {
    "breakpoint": BREAKPOINTS,
    "head": HEADS,
    "format": FORMATS,
    "status": (ACCEPTED, REJECTED, REFUSED, UNKNOWN),
    "deployable": (True, False),
}
"""The values of columns that hold one of a few."""

BLOCK = 20_000
"""Rows that exist at a time when all are made or taken in."""

Record = Sequence[Any]
"""The values of a candidate in the columns that are kept, in their order."""


class Candidates(Sequence[CandidateRow]):
    """The candidates of a space, in its order: a sequence of rows, each made when asked for.

    Numbers are kept in arrays; a column of anything else as places in the list of its values.
    """

    def __init__(self, columns: StudyColumns, records: Iterable[Record]) -> None:
        """records: one a candidate, as `kept` says; read once and not kept."""
        self.columns = columns
        self.kept = kept_columns(columns)
        self._places: dict[str, dict[Any, int]] = {
            column.name: {} for column in self.kept if not column.is_number
        }
        source = iter(records)
        blocks: list[list[NDArray[Any]]] = []
        while block := list(islice(source, BLOCK)):
            values = zip(*block, strict=True)
            blocks.append(list(map(self._packed, self.kept, values)))
        self._arrays: dict[str, NDArray[Any]] = {
            column.name: np.concatenate([block[at] for block in blocks] or [np.empty(0)])
            for at, column in enumerate(self.kept)
        }
        self._values = {name: list(places) for name, places in self._places.items()}

    @classmethod
    def of(cls, columns: StudyColumns, rows: Iterable[CandidateRow]) -> Candidates:
        """The table of these rows, which are read once and not kept."""
        readers = [column.of for column in kept_columns(columns)]
        return cls(columns, ([read(row) for read in readers] for row in rows))

    def _packed(self, column: Column, values: Sequence[Any]) -> NDArray[Any]:
        if column.is_number:
            return np.array(values, dtype=column.kind)
        places = self._places[column.name]
        return np.array([places.setdefault(value, len(places)) for value in values], np.int32)

    def __len__(self) -> int:
        return len(self._arrays["format"])

    @overload
    def __getitem__(self, at: int) -> CandidateRow: ...
    @overload
    def __getitem__(self, at: slice) -> list[CandidateRow]: ...
    def __getitem__(self, at: int | slice) -> CandidateRow | list[CandidateRow]:
        places = range(len(self))[at]
        if isinstance(places, range):
            return list(self._rows(np.asarray(places, dtype=np.intp)))
        return next(self._rows(np.array([places])))

    def __iter__(self) -> Iterator[CandidateRow]:
        for places in self._blocks():
            yield from self._rows(places)

    def _blocks(self) -> Iterator[NDArray[np.intp]]:
        for start in range(0, len(self), BLOCK):
            yield np.arange(start, min(start + BLOCK, len(self)))

    def _rows(self, places: NDArray[np.intp]) -> Iterator[CandidateRow]:
        """The rows at `places`; their fields are in the order of the columns."""
        chip = self.columns.chip
        names = [column.name for column in chip.costs]
        columns = [self._unpacked(column.name, places) for column in self.kept]
        axes = len(TRAINING_AXES)
        for values in zip(*columns, strict=True):
            format, parameters, macs, *others = values[axes:]
            candidate = Candidate(Training(*values[:axes]), format)
            figures = dict(zip(names, others, strict=False))
            size, others = figures[chip.size], others[len(names) :]
            yield CandidateRow(candidate, parameters, macs, size, figures, *others)

    def _unpacked(self, name: str, places: NDArray[np.intp]) -> list[Any]:
        column = self._arrays[name][places].tolist()
        values = self._values.get(name)
        return column if values is None else [values[place] for place in column]

    def lines(self) -> Iterator[list[Any]]:
        """The values of every candidate in the columns of candidates.csv."""
        for places in self._blocks():
            kept = [self._unpacked(column.name, places) for column in self.kept]
            for values in zip(*kept, strict=True):
                training = Training(*values[: len(TRAINING_AXES)])
                id = training.in_format(values[len(TRAINING_AXES)]).id
                yield [id, training.id, *values]

    def frame(self, columns: Sequence[Column]) -> pd.DataFrame:
        """These columns of all candidates, as a table."""
        import pandas as pd

        everywhere = np.arange(len(self))
        table = {c.name: self._unpacked(c.name, everywhere) for c in columns if c in self.kept}
        if "training" in {column.name for column in columns}:
            axes = (self._unpacked(axis, everywhere) for axis in TRAINING_AXES)
            table["training"] = [Training(*values).id for values in zip(*axes, strict=True)]
        return pd.DataFrame(table, columns=[column.name for column in columns])

    def check(self) -> None:
        """Raises ValueError for rows that no space has: ids name files, numbers are drawn."""
        for name, known in KNOWN.items():
            strange = [value for value in self._places[name] if value not in known]
            if strange:
                raise ValueError(f"'{strange[0]}' is no {name}")
        for column in self.kept:
            sensible = not column.is_number or np.abs(self._arrays[column.name]) <= LARGEST
            if not np.all(sensible):
                raise ValueError(f"a '{column.name}' is no sensible number")

    def are(self, name: str, value: Any) -> NDArray[np.bool_]:
        """(n,) of which candidates the field `name`, which holds no number, is `value`."""
        place = self._places[name].get(value, -1)
        return np.asarray(self._arrays[name] == place)

    def numbers(self, name: str) -> NDArray[Any]:
        """(n,) the field `name`, which holds numbers."""
        return self._arrays[name]

    @cached_property
    def deployable(self) -> Mapping[str, CandidateRow]:
        """Per training id, its smallest candidate that fits and that the chip can run.

        Each row is made when it is asked for.
        """
        chosen = np.flatnonzero(self.are("status", ACCEPTED) & self.are("deployable", True))
        axes = (self._unpacked(axis, chosen) for axis in TRAINING_AXES)
        sizes = self._arrays[self.columns.chip.size][chosen].tolist()
        best: dict[str, tuple[int, int]] = {}
        for place, size, *training in zip(chosen.tolist(), sizes, *axes, strict=True):
            id = Training(*training).id
            if id not in best or size < best[id][0]:
                best[id] = size, place
        return _Chosen(self, {id: place for id, (_, place) in best.items()})

    @cached_property
    def rejected(self) -> dict[str, int]:
        """Candidates that were not accepted, counted by reason, the most frequent first."""
        counts: Counter[str] = Counter()
        for (status, reason), count in self._verdicts().items():
            if status != ACCEPTED:
                counts[reason or status] += count
        return dict(counts.most_common())

    def _verdicts(self) -> dict[tuple[str, str], int]:
        """Candidates counted by status and reason, in the order in which these first occur."""
        names = ("status", "reason")
        pairs, first, counts = np.unique(
            np.column_stack([self._arrays[name] for name in names]),
            axis=0,
            return_index=True,
            return_counts=True,
        )
        words = [tuple(self._values[n][at] for n, at in zip(names, pair, strict=True))
                 for pair in pairs.astype(np.intp)]  # fmt: skip
        return {words[at]: int(counts[at]) for at in np.argsort(first)}


class _Chosen(Mapping[str, CandidateRow]):
    """Some rows of `candidates` by their training's id."""

    def __init__(self, candidates: Candidates, places: dict[str, int]) -> None:
        self._candidates, self._places = candidates, places

    def __getitem__(self, id: str) -> CandidateRow:
        return self._candidates[self._places[id]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def kept_columns(columns: StudyColumns) -> tuple[Column, ...]:
    """The columns of candidates.csv, less the names that follow from the axes."""
    return tuple(column for column in columns.at("candidates") if column not in NAMES)
