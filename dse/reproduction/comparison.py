"""Measured tables beside the published ones: means over seeds, ranks, and pairs that changed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from scipy.stats import spearmanr

from dse.reproduction.measuring import Measure
from dse.reproduction.rows import PaperRow

__all__ = ["Comparison", "Ranks", "Result", "Sample", "compare", "compare_ranks"]


@dataclass(frozen=True)
class Sample:
    """One figure over the seeds. spread: sample standard deviation, None for one seed."""

    mean: float
    spread: float | None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Sample | None:
        """The sample of `values`; None where one of them was not measured."""
        measured = [value for value in values if value is not None]
        if not measured or len(measured) < len(values):
            return None
        return cls(fmean(measured), stdev(measured) if len(measured) > 1 else None)


@dataclass(frozen=True)
class Result:
    """A row of a table as published and as measured.

    parameters: counted by us. bytes: of the weights in the row's format, by us. The paper
    prints twice the count. ap, ap_square: one scale. pyramid, pyramid_square: three.
    """

    row: PaperRow
    parameters: int
    bytes: int
    ap: Sample
    ap_square: Sample | None
    pyramid: Sample | None
    pyramid_square: Sample | None


@dataclass(frozen=True)
class Reversal:
    """Two rows that the paper has the other way round: `better` is the one it found better.

    published, measured: AP of `better` less AP of `worse`.
    """

    better: str
    worse: str
    published: float
    measured: float


@dataclass(frozen=True)
class Ranks:
    """How far two orders agree. spearman: rank correlation, -1..1, NaN where all are equal.

    pairs: of rows with different published AP; reversed: those that change their order.
    """

    spearman: float
    pairs: int
    reversed: tuple[Reversal, ...]


@dataclass(frozen=True)
class Comparison:
    """One table. ranks: of the AP in one scale; pyramid_ranks: in three, where measured."""

    table: str
    results: tuple[Result, ...]
    ranks: Ranks
    pyramid_ranks: Ranks | None


def compare(
    table: str,
    rows: Sequence[PaperRow],
    input_size: int,
    seeds: Sequence[Mapping[str, Measure]],
    costs: Mapping[str, tuple[int, int]],
) -> Comparison:
    """Joins the paper's rows with what every seed measured.

    seeds: per seed, candidate id -> measure. costs: candidate id -> (parameters, bytes).
    """
    results = []
    for row in rows:
        id = row.candidate(input_size).id
        measured = [seed[id] for seed in seeds]
        single = Sample.of([one.ap for one in measured])
        assert single is not None  # a measure has an AP
        parameters, size_bytes = costs[id]
        results.append(
            Result(
                row=row,
                parameters=parameters,
                bytes=size_bytes,
                ap=single,
                ap_square=Sample.of([one.ap_square for one in measured]),
                pyramid=Sample.of([one.pyramid for one in measured]),
                pyramid_square=Sample.of([one.pyramid_square for one in measured]),
            )
        )
    ranks = compare_ranks([(_name(one.row, rows), one.row.ap, one.ap.mean) for one in results])
    three = [(_name(o.row, rows), o.row.ap, o.pyramid.mean) for o in results if o.pyramid]
    return Comparison(table, tuple(results), ranks, compare_ranks(three) if three else None)


def compare_ranks(rows: Sequence[tuple[str, float | None, float]]) -> Ranks:
    """Ranks of (name, published AP, measured AP); rows without a published AP are left out."""
    known = [(name, ours, theirs) for name, theirs, ours in rows if theirs is not None]
    measured, published = [ours for _, ours, _ in known], [theirs for _, _, theirs in known]
    varied = len(set(measured)) > 1 and len(set(published)) > 1
    spearman = float(spearmanr(published, measured).statistic) if varied else math.nan
    pairs, reversals = 0, []
    for one, other in itertools.combinations(known, 2):
        if one[2] == other[2]:
            continue
        pairs += 1
        better, worse = (one, other) if one[2] > other[2] else (other, one)
        if better[1] < worse[1]:
            gaps = (better[2] - worse[2], better[1] - worse[1])
            reversals.append(Reversal(better[0], worse[0], *gaps))
    return Ranks(spearman, pairs, tuple(reversals))


def _name(row: PaperRow, rows: Sequence[PaperRow]) -> str:
    """What tells `row` from the others of its table."""
    parts = [row.model]
    if len({other.width for other in rows}) > 1:
        parts.append(f"alpha {row.width:g}")
    if len({other.format for other in rows}) > 1:
        parts.append(row.format)
    return " ".join(parts)
