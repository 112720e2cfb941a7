from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dse.chips.k210.target import K210Target
from dse.errors import (
    CorruptJournal,
    NothingFeasible,
    StudyError,
    StudyLocked,
    UnknownName,
    UsageError,
)
from dse.search import SearchRequest, StudyFolder, load_study, plan_search, run_search
from dse.space import Training
from dse.study.cache import empty
from dse.study.folder import shared_cache
from dse.training.recipe import Recipe
from tests.search.fake_training import EPOCHS, backend, final_ap, worked
from tests.search.fixtures import Search
from tests.search.search_process import started

Make = Callable[..., Search]


@pytest.fixture()
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def journal_of(options: Search) -> Path:
    return options.results / "k210-001" / "journal.log"


def test_a_search_spends_its_budget_and_reports(options: Make, trace: Path) -> None:
    report = run_search(*options(budget=4), backend(trace))
    assert (report.study, report.trained, report.stopped_early, report.failed) == (
        "k210-001",
        4,
        0,
        0,
    )
    assert report.feasible + sum(report.rejected.values()) == 32 and report.hypervolume > 0
    best = report.front[0]
    training = Training.parse(best.training.id)
    assert best.ap == pytest.approx(final_ap(training) - 0.01)
    assert best.file_ap == pytest.approx(final_ap(training) - 0.02)
    epochs = [epoch for _, epoch, _ in worked(trace) if epoch != "kmodel"]
    kmodels = {id for id, epoch, _ in worked(trace) if epoch == "kmodel"}
    assert len(epochs) == 4 * EPOCHS
    deployable = [row.training.id for row in report.front if row.deployable]
    assert kmodels == set(deployable)


def test_a_search_without_kmodels_measures_none(options: Make, trace: Path) -> None:
    chosen = options(budget=2, measure_kmodels=False)
    report = run_search(*chosen, backend(trace))
    assert report.trained == 2 and math.isnan(report.front[0].file_ap)
    run_search(*chosen.changed(resume=True, measure_kmodels=None), backend(trace))
    assert "kmodel" not in [epoch for _, epoch, _ in worked(trace)]


def test_a_space_can_list_what_to_train(options: Make, trace: Path, small_space: Path) -> None:
    listed = ["B63-a0.5-96", "A98-a0.35-96"]
    small_space.write_text(small_space.read_text() + f"only = {json.dumps(listed)}\n")
    run_search(*options(budget=2), backend(trace))
    run_search(*options(resume=True, budget=2, space=None), backend(trace))
    assert {id for id, epoch, _ in worked(trace) if epoch != "kmodel"} == set(listed)


def test_a_loss_that_no_head_has_is_told_before_anything_is_made(
    options: Make, trace: Path, small_space: Path
) -> None:
    small_space.write_text(small_space.read_text() + 'head = ["r5"]\n')
    chosen = options(budget=2, recipe=Recipe(loss="paper"))
    with pytest.raises(UsageError, match="'paper' is for other heads"):
        run_search(*chosen, backend(trace))
    with pytest.raises(UsageError, match="'paper' is for other heads"):
        plan_search(chosen.request)
    assert not list(chosen.results.glob("*/study.toml"))


def test_a_loss_that_some_heads_have_not_is_told(
    options: Make, trace: Path, small_space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_space.write_text(small_space.read_text() + 'head = ["25", "r5"]\n')
    run_search(*options(budget=1, recipe=Recipe(loss="paper")), backend(trace))
    assert "head r5 are trained with its own loss, not with 'paper'" in capsys.readouterr().err


def test_the_folder_holds_what_the_design_promises(options: Make, trace: Path) -> None:
    chosen = options(budget=2, command=("dse", "search"))
    run_search(*chosen, backend(trace))
    path = chosen.results / "k210-001"
    assert {item.name for item in path.iterdir()} == {
        "study.toml",
        "candidates.csv",
        "journal.log",
        "lock",
        "trainings",
    }
    settings = StudyFolder.open(path).settings()
    assert settings.command == "dse search" and settings.search.budget == 2
    assert K210Target.own(settings.make_target()).kpu_memory_bytes == 2 << 20
    assert settings.starting_weights.source == "fake"
    assert {"python", "dse", "optuna"} <= set(settings.versions)


def test_the_same_seed_gives_the_same_search(options: Make, trace: Path) -> None:
    fronts = [run_search(*options(seed=5), backend(trace)).front for _ in range(2)]
    assert fronts[0] == fronts[1]


def test_a_budget_beyond_the_designs_ends_with_them(options: Make, trace: Path) -> None:
    designs = len(plan_search(options().request).designs)
    assert run_search(*options(budget=99), backend(trace)).trained == designs


def test_resuming_repeats_nothing_and_may_add_budget(options: Make, trace: Path) -> None:
    run_search(*options(budget=2), backend(trace))
    before = worked(trace)
    again = Search().changed(results=options().results, executor="inline", resume=True)
    assert run_search(*again, backend(trace)).trained == 2
    assert worked(trace) == before
    report = run_search(*again.changed(budget=4), backend(trace))
    assert report.trained == 4
    trained = [(id, epoch) for id, epoch, _ in worked(trace)]
    assert len(trained) == len(set(trained))


def test_resuming_with_other_pictures_is_refused(options: Make, trace: Path) -> None:
    run_search(*options(budget=1), backend(trace))
    with pytest.raises(StudyError, match="training_pictures are not those"):
        run_search(*options(budget=2, resume=True), backend(trace, trouble="pictures"))


def test_nothing_feasible_leaves_no_study(options: Make, trace: Path, tmp_path: Path) -> None:
    space = tmp_path / "huge.toml"
    space.write_text(
        'breakpoint = ["B"]\nfrozen_until = [63]\nwidth = [1.0]\n'
        'input_size = [640]\nformat = ["kpu8"]\n'
    )
    with pytest.raises(NothingFeasible, match="B63-a1-640-kpu8"):
        run_search(*options(space=str(space)), backend(trace))
    assert not options().results.exists()


def test_unknown_names_are_refused_before_anything_is_written(options: Make, trace: Path) -> None:
    for changes in ({"target": "k21o"}, {"space": "mobilenetv2_fac"}):
        with pytest.raises(UnknownName, match="Did you mean"):
            run_search(*options(**changes), backend(trace))
    with pytest.raises(UnknownName):
        run_search(*options(study="nowhere", resume=True), backend(trace))
    assert not options().results.exists()


def test_a_study_that_is_being_written_is_left_alone(options: Make, trace: Path) -> None:
    run_search(*options(budget=1), backend(trace))
    folder = StudyFolder.open(options().results / "k210-001")
    with folder.lock(), pytest.raises(StudyLocked):
        run_search(*options(budget=2, resume=True), backend(trace))


def test_failed_trainings_give_their_place_to_others(options: Make, trace: Path) -> None:
    """Half of the designs fail (breakpoint A); the budget is spent on the other half."""
    report = run_search(*options(budget=4, seed=1), backend(trace, trouble="fail:A"))
    assert report.trained == 4 and report.failed >= 1
    record = load_study(options().results / "k210-001")
    failed = [entry for entry in record.entries if entry.state == "failed"]
    assert failed[0].outcome["error"] == "RuntimeError: the pictures went away"
    assert len({entry.training for entry in record.entries}) == len(record.entries)
    states = Counter(row.state for row in record.rows)
    assert states["failed"] >= 1


def test_failure_after_failure_ends_the_search(options: Make, trace: Path) -> None:
    with pytest.raises(StudyError, match=r"3 trainings in a row failed.*pictures went away"):
        run_search(*options(), backend(trace, trouble="fail"))
    # With the cause removed the same study goes on, and may use those designs again.
    report = run_search(*options(budget=8, resume=True), backend(trace))
    assert (report.trained, report.failed) == (8, 3)


def test_a_full_disk_ends_the_search_and_loses_nothing(options: Make, trace: Path) -> None:
    with pytest.raises(StudyError, match=r"full: about \d+\.\d MiB are needed"):
        run_search(*options(budget=2), backend(trace, trouble="disk"))
    report = run_search(*options(budget=2, resume=True), backend(trace))
    assert (report.trained, report.failed) == (2, 0)
    assert [entry.number for entry in load_study(options().results / "k210-001").entries] == [0, 1]


def test_a_journal_on_a_full_disk_is_told_too(
    options: Make, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from optuna.storages.journal import JournalFileBackend

    before = JournalFileBackend.append_logs
    count = 0

    def limited(backend: JournalFileBackend, logs: list[dict[str, object]]) -> None:
        nonlocal count
        count += 1
        if count > 6:
            with open(journal_of(options()), "ab") as file:
                file.write(b'{"op_code":8,"half')
            raise OSError(28, "No space left on device")
        before(backend, logs)

    monkeypatch.setattr(JournalFileBackend, "append_logs", limited)
    with pytest.raises(StudyError, match=r"disk of .* is full"):
        run_search(*options(), backend(trace))
    monkeypatch.undo()
    assert run_search(*options(resume=True), backend(trace)).trained == 4
    trained = [(id, epoch) for id, epoch, _ in worked(trace)]
    assert len(trained) == len(set(trained))


def test_a_cut_line_is_mended_and_garbage_is_not(
    options: Make, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_search(*options(budget=2), backend(trace))
    path = journal_of(options())
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    report = run_search(*options(budget=3, resume=True), backend(trace))
    assert report.trained == 3 and path.with_name("journal.log.broken").exists()
    assert "cut short" in capsys.readouterr().err
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"\x00\x00\n", *lines[3:]]))
    with pytest.raises(CorruptJournal, match=r"journal\.log:4"):
        run_search(*options(budget=4, resume=True), backend(trace))


def test_a_kmodel_that_cannot_be_made_costs_its_figure_only(
    options: Make, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run_search(*options(budget=2), backend(trace, trouble="compiler"))
    assert report.trained == 2
    assert all(row["kmodel_ap"] is None for row in report.as_dict()["front"])
    assert "the compiler fell over" in capsys.readouterr().err
    again = run_search(*options(budget=2, resume=True), backend(trace))
    assert again.as_dict()["front"][0]["kmodel_ap"] is not None


def test_hopeless_trainings_are_stopped_early(options: Make, trace: Path) -> None:
    report = run_search(*options(budget=8, early_stopping=True, seed=2), backend(trace))
    assert report.stopped_early >= 1 and report.trained + report.stopped_early == 8
    record = load_study(options().results / "k210-001")
    for entry in record.entries:
        if entry.state == "stopped":
            assert 2 <= len(record.curves[entry.training.id]) < EPOCHS
            assert entry.outcome["val_ap"] == record.curves[entry.training.id]["val_ap"].iloc[-1]


def test_the_time_limit_leaves_trainings_for_later(options: Make, trace: Path) -> None:
    report = run_search(*options(budget=4, time_limit_s=0.4), backend(trace, epoch_s=0.1))
    assert report.trained < 4
    report = run_search(*options(budget=4, resume=True), backend(trace))
    assert report.trained == 4
    trained = [(id, epoch) for id, epoch, _ in worked(trace) if epoch != "kmodel"]
    assert len(trained) == len(set(trained)) == 4 * EPOCHS


class Process:
    """A search in another process, which can be killed."""

    def __init__(self, tmp_path: Path, space: Path, epoch_s: float, budget: int) -> None:
        self.trace = tmp_path / "trace"
        self.results = tmp_path / "results"
        self._arguments = (self.results, space, self.trace, epoch_s, budget, "inline")

    def start(self) -> subprocess.Popen[str]:
        resume = ["resume"] if list(self.results.glob("*/study.toml")) else []
        return started(*self._arguments, *resume, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_for_work(self, process: subprocess.Popen[str]) -> None:
        """Until it has worked an epoch more than before, or ended."""
        before = len(worked(self.trace))
        while process.poll() is None and len(worked(self.trace)) == before:
            time.sleep(0.005)


@pytest.mark.slow
def test_kill_9_at_random_moments_costs_an_epoch_each_at_most(
    tmp_path: Path, small_space: Path
) -> None:
    search = Process(tmp_path, small_space, 0.02, 6)
    rng, kills = random.Random(11), 0
    while kills < 5:
        process = search.start()
        search.wait_for_work(process)
        time.sleep(rng.uniform(0.0, 0.15))
        process.kill()
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        if process.returncode == 0:
            break
    assert kills >= 3
    out, err = search.start().communicate(timeout=60)
    report = json.loads(out)
    assert (report["trained"], report["failed"]) == (6, 0), err
    epochs = Counter((id, epoch) for id, epoch, _ in worked(search.trace) if epoch != "kmodel")
    assert len({id for id, _ in epochs}) == 6 and len(epochs) == 6 * EPOCHS
    assert epochs.total() <= 6 * EPOCHS + kills
    record = load_study(search.results / "k210-001")
    assert [entry.state for entry in record.entries] == ["complete"] * 6


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(
    number: int, tmp_path: Path, small_space: Path
) -> None:
    search = Process(tmp_path, small_space, 0.05, 4)
    process = search.start()
    search.wait_for_work(process)
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and out == ""
    assert f"dse search --resume --study k210-001 --results {search.results}" in err
    out, _ = search.start().communicate(timeout=60)
    assert json.loads(out)["trained"] == 4


def test_progress_goes_to_stderr_in_plain_lines(
    options: Make, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_search(*options(budget=2), backend(trace))
    captured = capsys.readouterr()
    assert captured.out == "" and "\r" not in captured.err
    assert captured.err.count("trained 1/2") == 1


def test_the_usual_space_of_other_things_has_heads_of_few_boxes(tmp_path: Path) -> None:
    folder = tmp_path / "cards"
    for part in ("train", "valid"):
        for number in range(3):
            picture = folder / part / "images" / f"{number}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 64), (number, 0, 0)).save(picture)
            label = folder / part / "labels" / f"{number}.txt"
            label.parent.mkdir(exist_ok=True)
            label.write_text(f"{number % 2} 0.5 0.5 0.4 0.4\n")
    (folder / "data.yaml").write_text("names: [ace, king]\ntrain: train\nval: valid\n")
    things = SearchRequest(data=str(folder))
    assert {row.training.head for row in plan_search(things).rows} == {"25", "b5", "r5"}
    asked = SearchRequest(data=str(folder), space="k210_face")
    assert {row.training.head for row in plan_search(asked).rows} == {"25"}
    faces = SearchRequest(data=f"{folder}?merge=face=ace,king")
    assert {row.training.head for row in plan_search(faces).rows} == {"25"}


def test_a_search_holds_its_cache(options: Make, trace: Path) -> None:
    how = options(budget=1)
    real = backend(trace)
    refused: list[StudyError] = []

    def train(job: Any, *arguments: Any) -> Any:
        with pytest.raises(StudyError, match="a search that runs now") as caught:
            empty(shared_cache(how.results))
        refused.append(caught.value)
        return real.train(job, *arguments)

    run_search(*how, replace(real, train=train))
    assert len(refused) == 1
    empty(shared_cache(how.results))
