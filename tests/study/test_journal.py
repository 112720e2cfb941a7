"""What every journal has to do, whoever keeps it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from dse.space import SearchSpace, Training
from dse.study.file_journal import FileJournal
from dse.study.journal import WARM, Entry, Journal, or_nan
from dse.study.shared_journal import SharedJournal

SPACE = SearchSpace("s", ("A", "B"), (63, 98), (0.35, 0.5, 0.75), (96, 128), ("kpu8",))
FIRST, SECOND, THIRD = (Training("A", 63, width, 96) for width in (0.35, 0.5, 0.75))

Open = Callable[[], Journal]


def test_what_was_not_measured_is_no_number() -> None:
    entry = Entry(0, FIRST, "complete", {"ap": {"kpu8": 0.5, "FP32": None}})
    assert entry.ap("kpu8") == 0.5
    assert math.isnan(entry.ap("FP32")) and math.isnan(entry.ap("Q9"))
    assert math.isnan(Entry(0, FIRST, "failed", {"error": "gone"}).ap("kpu8"))
    assert or_nan(0.0) == 0.0


@pytest.fixture(params=["file", pytest.param("database", marks=pytest.mark.slow)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens one and the same journal, again and again."""
    copy = tmp_path / "journal.log"
    if request.param == "file":
        return lambda: FileJournal(copy, "mine")
    return lambda: SharedJournal(f"sqlite:///{tmp_path / 'studies.db'}", "mine", "one", copy)


def test_every_trial_ends_once_and_is_read_back(opened: Open) -> None:
    with opened() as journal:
        journal.adopt(THIRD, SPACE, (0.6, 20.0, 2000), {"ap": {"kpu8": 0.6}, WARM: "other"})
        numbers = [journal.start(training, SPACE) for training in (FIRST, SECOND)]
        assert numbers == [1, 2]
        journal.finish(1, (0.5, 10.0, 1000), {"ap": {"kpu8": 0.5}}, 1.5)
        journal.measured(FIRST, {"kmodel_ap": 0.4})
        journal.stop(2, {"val_ap": 0.2}, 2.5)
        assert journal.orphans() == []
        written = journal.entries()
    assert [entry.state for entry in written] == ["complete", "complete", "stopped"]
    assert [entry.elapsed_s for entry in written] == [0.0, 1.5, 2.5]
    assert written[0].outcome[WARM] == "other" and written[1].measures == {"kmodel_ap": 0.4}
    again = opened()
    assert [again.entry(entry.number) for entry in written] == written


def test_what_was_found_of_a_design_on_the_front_is_part_of_its_training(opened: Open) -> None:
    with opened() as journal:
        journal.start(FIRST, SPACE)
        outcome = {"ap": {"kpu8": 0.5}, "ap_square": {"kpu8": 0.4}, "epochs": 3}
        journal.finish(0, (0.5, 10.0, 1000), outcome, 1.5)
        more = {"ap": {"FP32": 0.6}, "ap_interval": {"FP32": [0.55, 0.65]}}
        journal.measured(FIRST, {"kmodel_ap": 0.5, "formats": more})
    (entry,) = opened().entries()
    assert (entry.ap("kpu8"), entry.ap("FP32")) == (0.5, 0.6)
    assert entry.outcome["ap_interval"] == {"FP32": [0.55, 0.65]}
    assert entry.outcome["ap_square"] == {"kpu8": 0.4} and entry.outcome["epochs"] == 3


def test_what_a_killed_driver_left_running_can_be_ended_by_the_next(opened: Open) -> None:
    with opened() as journal:
        assert journal.start(FIRST, SPACE) == 0
    with opened() as later:
        (left,) = later.entries()
        assert (left.state, left.elsewhere) == ("running", False)
        later.fail(0, {"error": "gone"}, 1.0)
        assert later.start(FIRST, SPACE) == 1, "what failed may be tried again"
