"""What machines do to a search: full disks, cut journals, clocks that jump, networks that diverge.

Killed processes and nodes are in test_driver.py and in the executors' tests.
"""

from __future__ import annotations

import ast
import json
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dse
from dse.errors import StudyError
from dse.search import load_study, run_search
from dse.study.file_journal import read_entries
from dse.views.dashboard.frames import study_tables
from dse.views.dashboard.payload import payload_json
from tests.process_limits import no_file_larger_than
from tests.search.fake_training import EPOCHS, backend, worked
from tests.search.fixtures import Search

Make = Callable[..., Search]
STUDY = "k210-001"


def assert_worked_once(trace: Path, trainings: int) -> None:
    epochs = Counter((id, epoch) for id, epoch, _ in worked(trace) if epoch != "kmodel")
    assert epochs.total() == len(epochs) == trainings * EPOCHS


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Search, Path]:
    """A study of five trainings, two of which failed; never changed, only copied. And its trace."""
    root = tmp_path_factory.mktemp("finished")
    space = root / "small.toml"
    space.write_text(
        'breakpoint = ["A", "B"]\nfrozen_until = [63, 98]\nwidth = [0.35, 0.5]\n'
        'input_size = [96]\nformat = ["kpu8", "FP32"]\n'
    )
    chosen = Search().changed(
        space=str(space),
        results=root / "results",
        executor="inline",
        proposer="random",
        early_stopping=False,
        budget=5,
        seed=3,
    )
    report = run_search(*chosen, backend(root / "trace", trouble="fail:A63-a0.5 fail:B98-a0.35"))
    assert report.failed == 2
    return chosen, root / "trace"


def copied(finished: tuple[Search, Path], root: Path) -> tuple[Search, Path]:
    """The finished study under `root`, to be resumed, and its trace."""
    original, trace = finished
    shutil.copytree(original.results, root / "results")
    shutil.copy(trace, root / "trace")
    again = Search().changed(results=root / "results", executor="inline", resume=True)
    return again, root / "trace"


@pytest.mark.slow
@settings(max_examples=25)
@given(share=st.floats(0, 1))
def test_a_journal_cut_anywhere_repeats_nothing(
    finished: tuple[Search, Path], tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    """Not what it still holds, nor what the trainings' folders hold and the cut took away."""
    options, trace = copied(finished, tmp_path_factory.mktemp("cut"))
    path = options.results / STUDY / "journal.log"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    held = [e for e in read_entries(path, STUDY) if e.state in ("complete", "failed")]
    report = run_search(*options, backend(trace))
    assert report.trained == 5
    after = {entry.number: entry for entry in load_study(path.parent).entries}
    for entry in held:
        now = after[entry.number]
        assert (now.state, now.outcome, now.elapsed_s, now.ended) == (
            entry.state,
            entry.outcome,
            entry.elapsed_s,
            entry.ended,
        )
    # A failure that the cut took away may be tried again, and works now: new, not repeated.
    assert_worked_once(trace, len({id for id, _, _ in worked(trace)}))


@pytest.mark.slow
@settings(max_examples=10)
@given(room_bytes=st.integers(0, 3000))
def test_a_journal_whose_disk_is_full_anywhere_in_a_line_goes_on_with_room(
    finished: tuple[Search, Path],
    tmp_path_factory: pytest.TempPathFactory,
    room_bytes: int,
) -> None:
    options, trace = copied(finished, tmp_path_factory.mktemp("full"))
    path = options.results / STUDY / "journal.log"
    wider = Search().changed(results=options.results, executor="inline", resume=True, budget=7)
    with (
        no_file_larger_than(path.stat().st_size + room_bytes),
        pytest.raises(StudyError, match=r"disk of .* is full: about") as caught,
    ):
        run_search(*wider, backend(trace))
    assert "--resume" in caught.value.hint
    assert run_search(*wider, backend(trace)).trained == 7
    assert_worked_once(trace, 7)


@pytest.mark.parametrize("file", ["study.toml", "candidates.csv"])
def test_a_study_whose_disk_is_full_as_it_begins_can_begin_again(
    file: str, options: Make, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    whole = options(study="whole", budget=1)
    run_search(*whole, backend(tmp_path / "other trace"))
    chosen = options(study="mine")
    with (
        no_file_larger_than((whole.results / "whole" / file).stat().st_size - 10),
        pytest.raises(StudyError, match=r"disk of .* is full"),
    ):
        run_search(*chosen, backend(trace))
    left = {item.name for item in (chosen.results / "mine").iterdir()}
    assert file not in left and not [name for name in left if name.startswith(".")]
    again = options(study="mine", resume="study.toml" in left)
    assert run_search(*again, backend(trace)).trained == 4
    assert_worked_once(trace, 4)


@pytest.mark.parametrize("jump_s", [-86_400.0, 365 * 86_400.0])
def test_a_clock_that_jumps_changes_nothing(
    options: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    """Back a day, or on by a year, at every look, and once more before the search goes on."""
    quiet = run_search(*options(study="quiet"), backend(tmp_path / "quiet"))
    trace, began, looks = tmp_path / "trace", time.monotonic(), count(1)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + next(looks) * jump_s)
    run_search(*options(study="jumped", budget=2), backend(trace))
    report = run_search(*options(study="jumped", resume=True), backend(trace))
    passed_s = time.monotonic() - began
    assert (report.front, report.trained) == (quiet.front, quiet.trained)
    assert 0 < report.seconds <= passed_s + 0.05
    entries = load_study(options().results / "jumped").entries
    ended_s = [entry.elapsed_s for entry in entries]
    assert ended_s == sorted(ended_s) and ended_s[0] > 0 and ended_s[-1] <= passed_s
    assert_worked_once(trace, 4)


def test_only_dates_for_people_come_from_the_clock_on_the_wall() -> None:
    """What decides goes by monotonic clocks; a study's date of birth decides nothing."""
    root = Path(dse.__file__).parent
    files = [
        file
        for room in ("search", "study", "training", "workers")
        for file in (root / room).rglob("*.py")
    ]
    calls = {
        (file.relative_to(root).as_posix(), node.func.attr)
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    wall = ("time", "time_ns", "now", "utcnow", "today")
    assert {call for call in calls if call[1] in wall} == {("study/provenance.py", "now")}


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["nan", "blind"])
def test_figures_that_are_none_reach_neither_front_nor_model_nor_page(
    options: Make, tmp_path: Path, trouble: str
) -> None:
    """nan: no figure at all, which is a failure. blind: none on the validation pictures only,
    which says nothing about the design."""
    chosen = options(budget=7, proposer="composite", early_stopping=True, seed=1)
    bad = "A63-a0.35"
    report = run_search(*chosen, backend(tmp_path / "trace", trouble=f"{trouble}:{bad}"))
    record = load_study(chosen.results / STUDY)
    states = {entry.training.id: entry.state for entry in record.entries}
    hit = [id for id in states if id.startswith(bad)]
    assert hit and {states[id] for id in hit} == {"failed" if trouble == "nan" else "complete"}
    # (less than the budget: a small space has soon nothing to gain)
    assert 4 <= report.trained + report.stopped_early <= 7 and 0 < report.hypervolume < 1
    assert all(math.isfinite(row.ap) for row in report.front)
    if trouble == "nan":
        assert not [row for row in report.front if row.id.startswith(bad)]
    json.dumps(report.as_dict(), allow_nan=False)
    shown = json.loads(payload_json([study_tables(record)]))  # raises for NaN
    assert hit[0] in json.dumps(shown)
