"""Studies beside each other: one box, one axis, nothing mixed up."""

from __future__ import annotations

from typing import Any

import pytest

from dse.pareto import ObjectiveBox
from dse.views.dashboard.comparison import comparison_figure, comparison_table
from dse.views.dashboard.frames import study_tables


@pytest.fixture(scope="module")
def both(record: Any, record_maker: Any) -> list[Any]:
    return [study_tables(record), study_tables(record_maker(12, name="second"))]


def test_the_table_has_a_row_a_study(both: list[Any], record: Any) -> None:
    table = comparison_table(both).set_index("study")
    assert table.loc["k210-001", ["trained", "stopped", "failed"]].to_list() == [18, 4, 2]
    assert table.loc["second", "seconds"] == 12 * 70
    deployable = [row for row in record.rows if row["deployable"] and row.get("ap")]
    measured = [row for row in deployable if row["state"] in ("front", "dominated")]
    assert table.loc["k210-001", "best_ap"] == max(row["ap"] for row in measured)


def test_hypervolume_is_measured_in_one_box(both: list[Any]) -> None:
    space = both[0].space
    fits = space[(space["status"] == "accepted") & space["deployable"]]
    box = ObjectiveBox.of_costs(fits[["latency_ms", "kmodel_bytes"]].to_numpy())
    designs = both[1].designs
    measured = designs[designs["deployable"] & designs["state"].isin(("front", "dominated"))]
    values = measured[["ap", "latency_ms", "kmodel_bytes"]].to_numpy()
    assert comparison_table(both)["hypervolume"][1] == pytest.approx(box.share(values))


def test_a_study_that_has_only_begun_has_no_figures(both: list[Any], empty_record: Any) -> None:
    table = comparison_table([study_tables(empty_record)])
    assert table[["seconds", "hypervolume", "best_ap"]].isna().all(axis=None)
    mixed = comparison_table([both[0], study_tables(empty_record)])
    assert mixed["hypervolume"][1] == 0.0


def test_every_front_is_a_line_of_its_own_look(both: list[Any]) -> None:
    figure = comparison_figure(both, "kmodel_bytes")
    assert [trace.name for trace in figure.data] == ["k210-001", "second"]
    assert len({(t.line.color, t.line.dash, t.marker.symbol) for t in figure.data}) == 2
    for trace, tables in zip(figure.data, both, strict=True):
        designs = tables.designs.set_index("candidate")
        assert list(trace.y) == sorted(trace.y)
        assert list(trace.y) == designs.loc[list(trace.text), "ap"].to_list()
        assert list(trace.x) == (designs.loc[list(trace.text), "kmodel_bytes"] / 1024).to_list()
