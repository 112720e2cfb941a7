from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from dse.errors import CorruptJournal
from dse.space import SearchSpace, Training
from dse.study.file_journal import FileJournal, read_entries
from dse.study.journal_lines import broken_tail, drop_broken_tail

SPACE = SearchSpace("s", ("A", "B"), (63, 98), (0.35, 0.5), (96, 128), ("kpu8",))
FIRST, SECOND = Training("A", 63, 0.35, 96), Training("B", 98, 0.5, 128)


@pytest.fixture()
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.log"


def test_trials_are_read_back_by_another_object(path: Path) -> None:
    journal = FileJournal(path, "mine")
    numbers = [journal.start(training, SPACE) for training in (FIRST, SECOND, FIRST, SECOND)]
    assert numbers == [0, 1, 2, 3]
    journal.finish(0, (0.5, 10.0, 1000), {"ap": {"kpu8": 0.5}}, 1.5)
    journal.stop(1, {"val_ap": 0.2}, 2.5)
    journal.fail(2, {"error": "gone"}, 3.5)
    journal.measured(FIRST, {"kmodel_ap": 0.4})
    entries = read_entries(path, "mine")
    assert entries == FileJournal(path, "mine").entries() == journal.entries()
    assert [entry.state for entry in entries] == ["complete", "stopped", "failed", "running"]
    assert [entry.training for entry in entries] == [FIRST, SECOND, FIRST, SECOND]
    assert [entry.elapsed_s for entry in entries] == [1.5, 2.5, 3.5, 0.0]
    assert entries[0].measures == {"kmodel_ap": 0.4} and entries[1].measures is None
    assert entries[1].outcome == {"val_ap": 0.2}


def test_optuna_itself_reads_it(path: Path) -> None:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    journal = FileJournal(path, "mine")
    journal.start(FIRST, SPACE)
    journal.finish(0, (0.5, 10.0, 1000), {}, 1.0)
    study = optuna.load_study(
        study_name="mine", storage=JournalStorage(JournalFileBackend(str(path)))
    )
    assert [direction.name for direction in study.directions] == [
        "MAXIMIZE",
        "MINIMIZE",
        "MINIMIZE",
    ]
    assert study.best_trials[0].values == [0.5, 10.0, 1000.0]
    assert study.trials[0].params == {
        "breakpoint": "A",
        "frozen_until": 63,
        "width": 0.35,
        "input_size": 96,
    }


def test_inputs_of_any_shape_are_read_back(path: Path) -> None:
    space = replace(SPACE, input_size=(96, "128x96"))
    for size in space.input_size:
        FileJournal(path, "mine").start(replace(FIRST, input_size=size), space)
    found = [entry.training.id for entry in read_entries(path, "mine")]
    assert found == ["A63-a0.35-96", "A63-a0.35-128x96"]


def test_a_trial_left_open_can_be_closed_by_the_next_process(path: Path) -> None:
    FileJournal(path, "mine").start(FIRST, SPACE)
    later = FileJournal(path, "mine")
    later.finish(0, (0.5, 10.0, 1000), {}, 1.0)
    assert later.start(SECOND, SPACE) == 1
    assert [entry.state for entry in read_entries(path, "mine")] == ["complete", "running"]


def test_every_cut_of_the_last_line_is_mended(path: Path, tmp_path: Path) -> None:
    journal = FileJournal(path, "mine")
    journal.start(FIRST, SPACE)
    before = path.read_bytes()
    journal.start(SECOND, SPACE)
    whole = path.read_bytes()
    for length in range(len(before) + 1, len(whole), 37):
        path.write_bytes(whole[:length])
        assert [entry.training for entry in read_entries(path, "mine")] == [FIRST]
        kept = drop_broken_tail(path)
        assert kept == tmp_path / "journal.log.broken" and kept.read_bytes() == whole[:length]
        assert path.read_bytes() == before
        assert drop_broken_tail(path) is None
    assert FileJournal(path, "mine").start(SECOND, SPACE) == 1


def test_garbage_in_the_middle_is_named_by_its_line(path: Path) -> None:
    journal = FileJournal(path, "mine")
    for training in (FIRST, SECOND):
        journal.start(training, SPACE)
    lines = path.read_bytes().splitlines(keepends=True)
    for garbage in (b"\x00\xff nonsense\n", b'{"half": \n', b"[]\n"):
        path.write_bytes(lines[0] + garbage + b"".join(lines[1:]))
        for use in (broken_tail, drop_broken_tail, lambda p: read_entries(p, "mine")):
            with pytest.raises(CorruptJournal, match=r"journal\.log:2: ") as caught:
                use(path)
            assert "line 2" in caught.value.hint


def test_no_journal_and_an_empty_one_hold_nothing(path: Path) -> None:
    assert read_entries(path, "mine") == []
    path.touch()
    assert read_entries(path, "mine") == [] and drop_broken_tail(path) is None
    assert FileJournal(path, "mine").entries() == []


def test_the_lock_of_a_killed_process_costs_no_time(path: Path) -> None:
    os.symlink(path, f"{path}.lock")
    journal = FileJournal(path, "mine")  # would take half a minute
    assert journal.start(FIRST, SPACE) == 0


def test_a_head_is_told_where_the_study_varies_it(path: Path) -> None:
    space = replace(SPACE, head=("25", "r5"))
    journal = FileJournal(path, "mine")
    region = replace(FIRST, head="r5")
    for training in (FIRST, region):
        journal.start(training, space)
    assert [entry.training for entry in read_entries(path, "mine")] == [FIRST, region]
