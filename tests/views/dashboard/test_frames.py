"""A record as tables: complete columns, counts, picks, limits, facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dse.launcher import typed
from dse.views.dashboard import frames


def test_every_candidate_is_kept_and_the_front_comes_first(record: Any) -> None:
    designs = frames.study_tables(record).designs
    assert sorted(designs["candidate"]) == sorted(record.frame()["candidate"])
    ranks = [frames.STATES.index(state) for state in designs["state"]]
    assert ranks == sorted(ranks)
    front = designs.loc[designs["state"] == "front", "ap"]
    assert front.is_monotonic_decreasing


def test_a_stopped_design_is_shown_at_the_ap_it_reached(record: Any) -> None:
    designs = frames.study_tables(record).designs
    stopped = designs[designs["state"] == "stopped"]
    assert stopped["ap"].isna().all()
    assert (stopped["shown_ap"] == stopped["val_ap"]).all()


def test_a_rejected_design_has_no_ap_to_show_even_if_its_training_has_one(record: Any) -> None:
    rows = [{**row, "ap": 0.9} if row["state"] == "rejected" else row for row in record.rows]
    designs = frames.study_tables(_with(record, rows)).designs
    assert designs.loc[designs["state"] == "rejected", "shown_ap"].isna().all()


def test_rejected_designs_lie_in_the_lane_of_their_reason(record: Any) -> None:
    designs = frames.study_tables(record).designs
    rejected = designs[designs["state"] == "rejected"]
    reasons = list(frames.rejected_by_reason(designs))
    assert reasons[0] == "kpu_memory"
    assert [reasons[lane] for lane in rejected["lane"].round().astype(int)] == [*rejected["reason"]]
    assert designs.loc[designs["state"] != "rejected", "lane"].isna().all()


def test_reasons_are_counted_most_frequent_first(record: Any) -> None:
    counts = frames.rejected_by_reason(frames.study_tables(record).designs)
    assert list(counts.values()) == sorted(counts.values(), reverse=True)
    assert sum(counts.values()) == (record.frame()["state"] == "rejected").sum()


def test_a_training_counts_once_in_the_budget(record: Any) -> None:
    spent = frames.budget(frames.study_tables(record).designs).set_index("fate")
    assert spent["trainings"].to_dict() == {"trained": 18, "stopped": 4, "failed": 2}
    assert spent.loc["stopped", "seconds"] == 4 * 20.0


def test_an_empty_study_has_empty_tables(empty_record: Any) -> None:
    tables = frames.study_tables(empty_record)
    assert tables.designs.empty
    assert frames.rejected_by_reason(tables.designs) == {}
    assert frames.budget(tables.designs)["trainings"].to_list() == [0, 0, 0]


def test_columns_that_a_record_lacks_are_unknown(empty_record: Any) -> None:
    rows = [{"candidate": "A63-a0.5-96-kpu8", "state": "dominated", "ap": 0.5}]
    designs = frames.study_tables(_with(empty_record, rows)).designs
    assert designs["latency_ms"].isna().all()
    assert designs["reason"].to_list() == [""]
    assert not designs["deployable"].any()


def test_limits_are_those_of_the_studys_target(record: Any) -> None:
    found = frames.study_tables(record).limits
    assert found == record.columns.chip.limits(record.settings_table["target"]) != ()


@pytest.mark.parametrize("settings", [{}, {"target": "k210"}, {"target": {"name": "other"}}])
def test_a_target_without_constants_sets_no_limits(
    empty_record: Any, settings: dict[str, Any]
) -> None:
    assert frames.study_tables(replace(empty_record, settings_table=settings)).limits == ()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (Path("results/one"), "export {candidate} --study k210-001"),
        (
            Path("/data/my runs/one"),
            "export {candidate} --study k210-001 --results '/data/my runs'",
        ),
    ],
)
def test_the_export_command_finds_the_study(record: Any, path: Path, expected: str) -> None:
    tables = frames.study_tables(record)
    here = frames.StudyTables(**{**vars(tables), "path": path})
    assert frames.export_command(here) == typed(expected)


def test_the_explain_command_names_a_target_of_its_own(record: Any) -> None:
    tables = frames.study_tables(record)
    usual = typed("explain {candidate} --figure {candidate}.html")
    assert frames.explain_command(tables) == usual
    elsewhere = {"search": {"target": "my chip.toml"}}
    other = frames.StudyTables(**{**vars(tables), "settings": elsewhere})
    assert frames.explain_command(other) == f"{usual} --target 'my chip.toml'"


def test_facts_tell_data_weights_versions_and_command(record: Any) -> None:
    known, fine = (dict(part) for part in frames.facts(frames.study_tables(record)))
    assert known["command"] == "dse search --budget 24 --target k210"
    assert known["pictures.checksum"] == "4f9a22c01b"
    assert known["weights.source"] == "package"
    assert known["versions.python"] == "3.10.13"
    assert known["target.name"] == "k210"
    assert fine["target.kpu_clock_hz"] == "400000000"
    assert fine["search.recipe.epochs"] == "12"


def _with(record: Any, rows: list[dict[str, Any]]) -> Any:
    """A copy of `record` with other rows."""
    copy: Callable[..., Any] = type(record)
    history = pd.DataFrame(columns=["trial", "elapsed_s", "hypervolume"])
    return copy(rows=rows, history=history)
