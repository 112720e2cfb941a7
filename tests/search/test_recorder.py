"""What is written of a training, and what a full disk or a signal makes of a write."""

from __future__ import annotations

import errno
import io
import os
import signal
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from dse.chips import load_target
from dse.errors import StudyError
from dse.search import StudyFolder
from dse.search.clock import SearchClock
from dse.search.interruption import Interruption
from dse.search.progress import Progress
from dse.search.recorder import Recorder
from dse.space import SearchSpace
from dse.study.file_journal import FileJournal
from dse.study.plan import make_plan
from dse.workers.executor import Failure, Task


@pytest.fixture()
def recorder(small_space: Path, tmp_path: Path) -> Recorder:
    return Recorder(
        folder := StudyFolder.create(tmp_path / "results", "mine", "k210"),
        FileJournal(folder.journal, folder.name),
        make_plan(SearchSpace.load(str(small_space)), load_target("k210")),
        Progress(io.StringIO()),
        Interruption(),
        SearchClock(monotonic() - 60.0, elapsed_before_s=100.0),
        lambda: 3 << 20,
    )


def begun(recorder: Recorder, place: int) -> Task:
    training = recorder.plan.designs[place].training
    number = recorder.begin(training)
    assert number == place
    return Task("train", training, number)


def test_every_end_is_in_the_journal_with_the_search_time(recorder: Recorder) -> None:
    one, two, three = (begun(recorder, place) for place in range(3))
    result: dict[str, Any] = {"ap": {"kpu8": 0.5, "FP32": 0.6}}
    values = recorder.values(one.training, result)
    assert values is not None
    row = recorder.plan.deployable_row(one.training)
    assert values == (0.5, row.latency_ms, row.file_bytes)
    ended = [
        recorder.finish(one, values, result),
        recorder.stop(two, {"epochs": 2}),
        recorder.fail(three, Failure("gone", "where")),
    ]
    recorder.measured(one, {"kmodel_ap": 0.4})
    entries = recorder.journal.entries()
    assert [entry.state for entry in entries] == ["complete", "stopped", "failed"]
    assert entries[1:] == ended[1:] and entries[0].measures == {"kmodel_ap": 0.4}
    assert entries[2].outcome == {"error": "gone", "traceback": "where"}
    assert all(entry.elapsed_s == pytest.approx(160.0, abs=5.0) for entry in entries)


def test_an_ap_that_was_not_measured_makes_no_values(recorder: Recorder) -> None:
    training = recorder.plan.designs[0].training
    assert recorder.values(training, {"ap": {"FP32": 0.5}}) is None
    assert recorder.values(training, {"ap": {"kpu8": None, "FP32": 0.5}}) is None


def test_a_full_disk_is_told_with_what_is_needed(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileJournal, "start", full)
    with pytest.raises(StudyError, match=r"is full: about 3\.0 MiB are needed"):
        begun(recorder, 0)
    assert "about 3.0 MiB" in str(recorder.full_disk())


def test_a_signal_waits_for_the_end_of_a_write(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = FileJournal.start
    written: list[int] = []

    def interrupted(journal: FileJournal, *arguments: Any) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        written.append(start(journal, *arguments))
        return written[-1]

    monkeypatch.setattr(FileJournal, "start", interrupted)
    with recorder.interruption, pytest.raises(KeyboardInterrupt):
        begun(recorder, 0)
    assert written == [0]


def test_a_stopped_training_leaves_no_checkpoint(recorder: Recorder) -> None:
    task = begun(recorder, 0)
    folder = recorder.folder.training(task.training.id)
    folder.mkdir(parents=True)
    for name in ("checkpoint.npz", "curve.csv"):
        (folder / name).touch()
    for _ in range(2):  # a second time there is nothing to remove
        recorder.drop_checkpoint(task)
    assert [file.name for file in folder.iterdir()] == ["curve.csv"]
