"""The paper's rows as designs: all of them, and with the paper's own counts."""

from __future__ import annotations

import math

import pytest

from dse.chips import load_target, price_space
from dse.errors import UnknownName, UsageError
from dse.reproduction.rows import table_rows, trainings_of


def test_the_tables_hold_what_the_paper_has() -> None:
    models = [row.model for row in table_rows("I")]
    assert models == ["A63", "A98", "B63", "B98", "B133", "C98"]
    formats = [row.format for row in table_rows("II")]
    assert formats == ["FP32", "FP16", "Q9", "Q8", "Q7", "Q6", "kpu8"]
    widths = [(row.model, row.width) for row in table_rows("III")]
    assert widths == [("A98", 1.0), ("A98", 0.5), ("A98", 0.35), ("B133", 1.0), ("C98", 1.0)]


def test_only_what_the_paper_measured_has_a_published_ap() -> None:
    (unpublished,) = [r for t in ("I", "II", "III") for r in table_rows(t) if r.ap is None]
    assert unpublished.format == "kpu8"


def test_a_network_that_several_tables_show_is_trained_once() -> None:
    trained = [training.id for training in trainings_of(("I", "II", "III", "IV"), 192)]
    assert len(trained) == len(set(trained)) == 8
    assert [training.id for training in trainings_of(("II",), 500)] == ["A98-a1-500"]
    assert trainings_of(("IV",), 192) == []


def test_the_paper_prints_twice_our_parameters_cut_to_two_places() -> None:
    rows = [row for row in table_rows("III")]
    candidates = [row.candidate(500) for row in rows]
    for row, priced in zip(rows, price_space(candidates, load_target("unlimited")), strict=True):
        doubled = 2 * priced.cost.parameters
        assert math.floor(doubled / 1e4) / 100 == row.parameters_millions, row
        places = 10 if (row.size_megabytes or 0) > 10 else 100
        megabytes = math.floor(doubled * 4 / 2**20 * places) / places
        assert megabytes == pytest.approx(row.size_megabytes, abs=0.011), row


def test_breakpoint_c_needs_maps_that_fit_together() -> None:
    with pytest.raises(UsageError, match="map of A"):
        trainings_of(("I",), 208)


def test_other_tables_are_refused() -> None:
    with pytest.raises(UnknownName, match="table"):
        table_rows("IV")
