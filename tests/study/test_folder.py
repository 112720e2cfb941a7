from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dse.errors import FileError, InvalidFile, StudyError, StudyLocked, UnknownName
from dse.study.folder import StudyFolder, find_study, latest_begun, latest_study, study_names
from dse.study.settings import StudySettings
from tests.process_limits import no_file_larger_than


def made(results: Path, name: str | None = None) -> StudyFolder:
    folder = StudyFolder.create(results, name, "k210")
    (folder.path / "study.toml").write_text("[search]\nbudget = 3\n")
    return folder


def test_unnamed_studies_count_up(tmp_path: Path) -> None:
    assert [made(tmp_path).name for _ in range(3)] == ["k210-001", "k210-002", "k210-003"]
    assert study_names(tmp_path) == ["k210-001", "k210-002", "k210-003"]


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    made(tmp_path, "mine")
    with pytest.raises(StudyError, match="'mine' exists") as caught:
        made(tmp_path, "mine")
    assert "--resume" in caught.value.hint


@pytest.mark.parametrize("name", ["no/where", "../up", "", "."])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StudyError, match="no name for a study"):
        made(tmp_path / "results", name)


def test_results_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="file/results cannot be made a folder") as caught:
        made(tmp_path / "file" / "results")
    assert "a file where a folder should be" in caught.value.hint
    with pytest.raises(FileError, match=r"xxx cannot be written: .*too long"):
        made(tmp_path, "x" * 300)


def test_a_lock_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder.path / "lock").mkdir()
    with pytest.raises(FileError, match="lock cannot be written"), folder.lock():
        pass


def test_a_lock_holds_on_a_full_disk(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with no_file_larger_than(0), folder.lock(), pytest.raises(StudyLocked), folder.lock():
        pass


def test_settings_survive_with_none_left_out(
    tmp_path: Path, study_settings: Callable[..., StudySettings]
) -> None:
    folder, settings = StudyFolder.create(tmp_path, None, "k210"), study_settings()
    folder.write_settings(settings)
    assert StudyFolder.open(folder.path).settings() == settings
    assert "replay" not in settings.table["search"] and settings.search.replay is None
    assert [path.name for path in folder.path.iterdir()] == ["study.toml"]


def test_broken_settings_are_named(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder.path / "study.toml").write_text("budget = = 3")
    with pytest.raises(InvalidFile, match=r"study\.toml"):
        folder.settings()


def test_unknown_study_suggests_the_nearest(tmp_path: Path) -> None:
    made(tmp_path, "night")
    with pytest.raises(UnknownName, match="Did you mean 'night'"):
        find_study(tmp_path, "nigth")
    with pytest.raises(UnknownName):
        StudyFolder.open(tmp_path / "nigth")


def test_latest_is_the_one_written_last(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no study") as caught:
        latest_study(tmp_path)
    assert "dse search" in caught.value.hint
    first, second = made(tmp_path), made(tmp_path)
    os.utime(first.path / "study.toml", (1e9, 1e9))
    os.utime(second.path / "study.toml", (1e9 + 5, 1e9 + 5))
    assert find_study(tmp_path, None) == tmp_path / second.name
    first.journal.write_text("")
    assert latest_study(tmp_path).name == first.name


def test_a_study_that_ran_here_comes_before_one_that_came_with_the_clone(tmp_path: Path) -> None:
    here = made(tmp_path, "here")
    with here.lock():
        pass
    cloned = made(tmp_path, "reference")
    cloned.journal.write_text("")
    assert latest_study(tmp_path).name == "here"


def test_latest_is_one_with_weights_and_the_one_to_go_on_with_need_not_be(tmp_path: Path) -> None:
    trained, begun = made(tmp_path, "trained"), made(tmp_path, "begun")
    os.utime(trained.path / "study.toml", (1e9, 1e9))
    assert latest_study(tmp_path).name == "begun"  # none has any
    trained.training("A98-a0.5-224").mkdir(parents=True)
    (trained.training("A98-a0.5-224") / "weights.npz").touch()
    with begun.lock():
        pass
    assert find_study(tmp_path, None).name == "trained"
    assert latest_begun(tmp_path).name == "begun"


def test_a_replay_is_never_the_latest(tmp_path: Path) -> None:
    replay = made(tmp_path, "replay")
    (replay.path / "study.toml").write_text("[search]\nreplay = 'table.jsonl'\n")
    for latest in (latest_study, latest_begun):
        with pytest.raises(StudyError, match="is a replay of recorded trainings") as caught:
            latest(tmp_path)
    assert "replay" in caught.value.hint
    broken = made(tmp_path, "broken")
    (broken.path / "study.toml").write_text("[search")
    os.utime(broken.path / "study.toml", (1e9, 1e9))
    for latest in (latest_study, latest_begun):
        assert latest(tmp_path).name == "broken"  # it says what is wrong when it is opened
    assert find_study(tmp_path, "replay") == replay.path


def test_a_study_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    folder = made(tmp_path, "mine")
    assert find_study(tmp_path, "mine") == folder.path
    assert find_study(tmp_path / "elsewhere", str(folder.path)) == folder.path


def test_a_lock_keeps_this_process_out_and_is_freed(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with folder.lock(), pytest.raises(StudyLocked, match="this process"), folder.lock():
        pass
    with folder.lock():
        pass


def test_a_writer_is_seen_without_a_trace(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert folder.writer() == "" and not (folder.path / "lock").exists()
    with folder.lock():
        assert "this process" in folder.writer()
    assert folder.writer() == ""


def test_a_look_at_a_lock_stops_no_search(tmp_path: Path) -> None:
    """Who looks whether it is free holds it for an instant."""
    folder = made(tmp_path)
    script = (
        "import sys, time; from pathlib import Path; from dse.study.folder import StudyFolder\n"
        "with StudyFolder(Path(sys.argv[1])).lock():\n"
        "    print('held', flush=True); time.sleep(0.01)"
    )
    looking = [sys.executable, "-c", script, str(folder.path)]
    with subprocess.Popen(looking, stdout=subprocess.PIPE, text=True) as looker:
        assert looker.stdout is not None and looker.stdout.readline()
        with folder.lock():
            pass


def test_a_lock_keeps_other_processes_out_and_names_its_holder(tmp_path: Path) -> None:
    folder = made(tmp_path)
    script = (
        "import sys; from pathlib import Path; from dse.study.folder import StudyFolder\n"
        "with StudyFolder(Path(sys.argv[1])).lock(): print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(folder.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(StudyLocked, match=f"process {holder.pid}"), folder.lock():
        pass
    holder.kill()
    holder.communicate()
    with folder.lock():
        pass
