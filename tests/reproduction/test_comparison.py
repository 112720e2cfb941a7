"""Means, spreads, ranks and the pairs that change their order."""

from __future__ import annotations

import math
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.reproduction.comparison import Sample, compare, compare_ranks
from dse.reproduction.measuring import Measure
from dse.reproduction.rows import table_rows

UNEQUAL = st.lists(st.floats(0, 1).map(lambda x: round(x, 6)), min_size=2, max_size=8, unique=True)


def test_a_sample_is_mean_and_standard_deviation() -> None:
    assert Sample.of([0.5]) == Sample(0.5, None)
    assert Sample.of([0.4, 0.6]) == Sample(0.5, stdev([0.4, 0.6]))
    assert Sample.of([]) is None
    assert Sample.of([0.4, None]) is None


@given(published=UNEQUAL)
def test_equal_orders_agree_and_opposite_ones_do_not(published: list[float]) -> None:
    same = compare_ranks([(str(i), ap, ap / 2) for i, ap in enumerate(published)])
    assert same.spearman == pytest.approx(1) and same.reversed == ()
    turned = compare_ranks([(str(i), ap, 1 - ap) for i, ap in enumerate(published)])
    assert turned.spearman == pytest.approx(-1)
    assert len(turned.reversed) == turned.pairs == math.comb(len(published), 2)


def test_a_changed_pair_is_named_by_what_the_paper_found() -> None:
    ranks = compare_ranks([("A", 0.9, 0.7), ("B", 0.8, 0.75), ("C", None, 0.1), ("D", 0.8, 0.2)])
    assert ranks.pairs == 2  # B and D are equal in the paper, C is not in it
    (pair,) = ranks.reversed
    assert (pair.better, pair.worse) == ("A", "B")
    assert pair.published == pytest.approx(0.1) and pair.measured == pytest.approx(-0.05)


def test_without_any_difference_there_is_no_correlation() -> None:
    ranks = compare_ranks([("A", 0.9, 0.5), ("B", 0.8, 0.5)])
    assert math.isnan(ranks.spearman) and ranks.reversed == ()


def test_a_table_joins_paper_seeds_and_costs() -> None:
    rows = table_rows("III")
    ids = [row.candidate(96).id for row in rows]
    seeds = [
        {id: Measure(0.1 * n + seed, 0.05, 0.2, None) for n, id in enumerate(ids)}
        for seed in (0.0, 0.2)
    ]
    table = compare("III", rows, 96, seeds, {id: (10, 40) for id in ids})
    assert [one.ap.mean for one in table.results] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    first = table.results[0]
    assert first.ap_square == Sample(0.05, 0.0) and first.pyramid_square is None
    assert (first.parameters, first.bytes) == (10, 40)
    assert {pair.better for pair in table.ranks.reversed} >= {"A98 alpha 1", "A98 alpha 0.5"}
    assert table.pyramid_ranks is not None and math.isnan(table.pyramid_ranks.spearman)
