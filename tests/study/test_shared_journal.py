"""One study, several drivers: in SQLite here, and in PostgreSQL where there is one."""

from __future__ import annotations

import json
import multiprocessing
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution

from dse.errors import StudyError, UsageError
from dse.search import RunOptions, SearchRequest, StudyFolder, load_study, run_search
from dse.space import TRAINING_AXES, SearchSpace, Training
from dse.study import shared_journal
from dse.study.database import without_password
from dse.study.file_journal import read_entries
from dse.study.heartbeat import Heartbeat
from dse.study.shared_journal import SETTINGS, SharedJournal
from tests.search.fake_training import EPOCHS, backend, worked
from tests.search.fixtures import Search
from tests.search.postgres_server import postgres_server
from tests.search.search_process import started

pytestmark = pytest.mark.slow

SPACE = SearchSpace("s", ("A", "B"), (63, 98), (0.35, 0.5), (96, 128), ("kpu8",))
FIRST, SECOND = Training("A", 63, 0.35, 96), Training("B", 98, 0.5, 128)

Make = Callable[..., Search]


@pytest.fixture()
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'studies.db'}"


@pytest.fixture()
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds instead of minutes until a silent driver counts as dead."""
    monkeypatch.setattr(shared_journal, "HEARTBEAT_S", 1)
    monkeypatch.setattr(shared_journal, "GRACE_S", 2)
    monkeypatch.setattr(shared_journal, "GLANCE_S", 0.0)


def journal_of(url: str, driver: str, tmp_path: Path) -> SharedJournal:
    return SharedJournal(url, "mine", driver, tmp_path / f"{driver}.log")


def test_a_training_is_claimed_once(url: str, tmp_path: Path) -> None:
    one, two = (journal_of(url, name, tmp_path) for name in ("one", "two"))
    assert one.start(FIRST, SPACE) == 0
    assert two.start(FIRST, SPACE) is None and two.start(SECOND, SPACE) == 2
    assert [(e.training, e.elsewhere) for e in one.entries()] == [(FIRST, False), (SECOND, True)]
    one.finish(0, (0.5, 10.0, 1000), {"ap": {"kpu8": 0.5}}, 1.5)
    assert two.start(FIRST, SPACE) is None
    assert [entry.state for entry in two.entries()] == ["complete", "running"]
    assert two.orphans() == []


def test_a_failed_training_may_be_tried_again(url: str, tmp_path: Path) -> None:
    one, two = (journal_of(url, name, tmp_path) for name in ("one", "two"))
    assert one.start(FIRST, SPACE) == 0
    one.fail(0, {"error": "gone"}, 1.0)
    assert two.orphans() == [] and two.start(FIRST, SPACE) == 1


def test_a_study_whose_axes_are_of_another_kind_is_not_mixed(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = journal_of(url, "one", tmp_path)
    lists = {name: CategoricalDistribution(getattr(SPACE, name)) for name in TRAINING_AXES}
    with monkeypatch.context() as before:
        before.setattr("dse.study.journal_trials._distributions", lambda space: lists)
        assert one.start(FIRST, SPACE) == 0
    with pytest.raises(StudyError, match="of another version of dse"):
        one.start(SECOND, SPACE)
    assert [entry.training for entry in one.entries()] == [FIRST]


def test_a_file_that_others_hold_is_waited_for(url: str, tmp_path: Path) -> None:
    """Longer than the 5 s that SQLite is used to."""
    journal = journal_of(url, "one", tmp_path)
    assert journal.start(FIRST, SPACE) == 0
    with sqlite3.connect(url.removeprefix("sqlite:///"), check_same_thread=False) as other:
        other.execute("BEGIN EXCLUSIVE")
        threading.Timer(6.0, other.rollback).start()
        journal.fail(0, {"error": "gone"}, 1.0)
    assert [entry.state for entry in journal.entries()] == ["failed"]


def _claim_all(url: str, name: str, folder: Path, out: Any) -> None:
    journal = SharedJournal(url, "mine", name, folder / f"{name}.log")
    trainings = [Training(b, f, w, 96) for b in "AB" for f in (63, 98) for w in (0.35, 0.5)]
    out.put([t.id for t in trainings if journal.start(t, SPACE) is not None])


def claimed_by_processes(url: str, folder: Path, count: int) -> list[str]:
    """What `count` processes got that all wanted the same eight trainings at the same time."""
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    drivers = [
        context.Process(target=_claim_all, args=(url, f"driver{n}", folder, out))
        for n in range(count)
    ]
    for driver in drivers:
        driver.start()
    got = [id for _ in drivers for id in out.get(timeout=120)]
    for driver in drivers:
        driver.join()
    return got


def test_processes_that_want_the_same_get_each_training_once(url: str, tmp_path: Path) -> None:
    got = claimed_by_processes(url, tmp_path, 3)
    assert len(got) == len(set(got)) == 8


@pytest.mark.usefixtures("quick")
def test_the_training_of_a_silent_driver_is_free_again(url: str, tmp_path: Path) -> None:
    dead, alive = journal_of(url, "dead", tmp_path), journal_of(url, "alive", tmp_path)
    with alive:
        assert dead.start(FIRST, SPACE) == 0 and alive.start(SECOND, SPACE) == 1
        began = time.monotonic()
        while not (orphans := alive.orphans()):
            assert time.monotonic() - began < 60
            time.sleep(0.1)
        assert orphans == [FIRST] and alive.start(FIRST, SPACE) == 2
        assert alive.orphans() == []
        dead.finish(0, (0.9, 10.0, 1000), {"ap": {"kpu8": 0.9}}, 1.5)  # it was only asleep
        alive.finish(2, (0.5, 10.0, 1000), {"ap": {"kpu8": 0.5}}, 1.5)
        states = {entry.number: entry.state for entry in alive.entries()}
        assert states == {1: "running", 2: "complete"}
    assert read_entries(tmp_path / "alive.log", "mine")[-1].outcome == {"ap": {"kpu8": 0.5}}


@pytest.mark.usefixtures("quick")
def test_a_trial_without_any_beat_is_no_trap(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its driver died between adding the trial and the first beat."""
    dead, alive = journal_of(url, "dead", tmp_path), journal_of(url, "alive", tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Heartbeat, "add", lambda self, trial: None)
        dead.start(FIRST, SPACE)
    began = time.monotonic()
    while alive.orphans() != [FIRST]:
        assert time.monotonic() - began < 60
        time.sleep(0.1)


def test_drivers_have_to_agree(url: str, tmp_path: Path) -> None:
    one, two = (journal_of(url, name, tmp_path) for name in ("one", "two"))
    one.agree({"search": {"budget": 4, "seed": 0}})
    two.agree({"search": {"seed": 0, "budget": 4}})
    with pytest.raises(StudyError, match=r"search\.budget = 4, not 5"):
        two.agree({"search": {"budget": 5, "seed": 0}})


def test_what_an_older_driver_calls_otherwise_is_the_same(url: str, tmp_path: Path) -> None:
    one, two = (journal_of(url, name, tmp_path) for name in ("one", "two"))
    one._store.note(SETTINGS, {"training_pictures": {"faces": 9}})
    two.agree({"training_pictures": {"boxes": 9}})
    with pytest.raises(StudyError, match=r"training_pictures\.boxes = 9, not 8"):
        two.agree({"training_pictures": {"boxes": 8}})


def test_urls_that_lead_nowhere(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no URL of a database"):
        journal_of("nonsense", "one", tmp_path)
    with pytest.raises(UsageError, match="Python package that is not installed"):
        journal_of("postgresql+nodriver://host/db", "one", tmp_path)
    with pytest.raises(StudyError, match="does not answer"):
        journal_of(f"sqlite:///{tmp_path}/missing/studies.db", "one", tmp_path)
    assert without_password("postgresql+psycopg://me:secret@host/db").count("secret") == 0
    with pytest.raises(UsageError, match="the study's name"):
        RunOptions(storage="sqlite:///x.db")
    with pytest.raises(UsageError, match="--warm-from does not go"):
        run_search(
            SearchRequest(warm_from=(tmp_path,)), RunOptions(storage="sqlite:///x.db", study="ours")
        )


def test_a_search_with_a_database_leaves_a_folder_like_any_other(
    options: Make, url: str, tmp_path: Path
) -> None:
    trace, studies = tmp_path / "trace", options().results
    chosen = options(budget=2, storage=url, study="ours", command=("dse", "--storage", url))
    report = run_search(*chosen, backend(trace))
    assert report.trained == 2
    record = load_study(studies / "ours")
    assert record.report().front == report.front
    shared = record.settings.shared
    assert shared is not None and shared.storage == url
    with pytest.raises(StudyError, match="the record of study 'ours' is in sqlite"):
        run_search(*options(resume=True, study="ours"), backend(trace))
    more = chosen.changed(resume=True, budget=4, space=None)
    assert run_search(*more, backend(trace)).trained == 4
    run_search(*options(budget=1, study="alone"), backend(trace))
    with pytest.raises(StudyError, match="is in its folder"):
        run_search(*more.changed(study="alone"), backend(trace))


def test_a_driver_with_other_pictures_is_refused(options: Make, url: str, tmp_path: Path) -> None:
    chosen = options(budget=1, storage=url, study="ours")
    run_search(*chosen, backend(tmp_path / "trace"))
    other = chosen.changed(results=tmp_path / "elsewhere")
    with pytest.raises(StudyError, match=r"_pictures\.checksum = same, not other"):
        run_search(*other, backend(tmp_path / "trace", trouble="pictures"))
    assert list(other.results.iterdir()) == []


def driver_process(
    url: str, results: Path, space: Path, trace: Path, epoch_s: float, budget: int
) -> subprocess.Popen[str]:
    """A driver of study "ours", which counts silent ones as dead after 3 s."""
    arguments = [results, space, trace, epoch_s, budget, "inline", url]
    return started(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check_drivers_share_a_study(url: str, tmp_path: Path, space: Path) -> None:
    """Three drivers, one of them killed in the middle of a training: every design is trained
    once, but for the one that has to begin anew, and all reports are the same."""
    trace = tmp_path / "trace"
    drivers = [
        driver_process(url, tmp_path / f"results{n}", space, trace, 0.2, 6) for n in range(3)
    ]
    killed = drivers[0]
    while sum(process == killed.pid for _, _, process in worked(trace)) < EPOCHS + 2:
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    reports = [driver.communicate(timeout=300) for driver in drivers][1:]
    assert all(driver.returncode == 0 for driver in drivers[1:]), reports
    found = [json.loads(out) for out, _ in reports]
    assert [report["trained"] for report in found] == [6, 6]
    epochs = [(id, epoch, process) for id, epoch, process in worked(trace) if epoch != "kmodel"]
    begun = Counter(id for id, epoch, _ in epochs if epoch == "1")
    assert len(begun) == 6 and begun.total() == 7, begun
    (again,) = [id for id, count in begun.items() if count == 2]
    assert killed.pid in {process for id, _, process in epochs if id == again}
    assert len({process for _, _, process in epochs}) == 3
    for number in (1, 2):
        record = load_study(tmp_path / f"results{number}" / "ours")
        assert [entry.state for entry in record.entries] == ["complete"] * 6
        own = {folder.name for folder in StudyFolder(record.path).trainings.iterdir()}
        assert own == {id for id, _, process in epochs if process == drivers[number].pid}


def test_three_drivers_of_one_study(url: str, tmp_path: Path, small_space: Path) -> None:
    check_drivers_share_a_study(url, tmp_path, small_space)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


def test_postgres_gives_each_training_once(postgres: str, tmp_path: Path) -> None:
    got = claimed_by_processes(postgres, tmp_path, 3)
    assert len(got) == len(set(got)) == 8


def test_three_drivers_of_one_study_in_postgres(
    postgres: str, tmp_path: Path, small_space: Path
) -> None:
    check_drivers_share_a_study(postgres, tmp_path, small_space)
