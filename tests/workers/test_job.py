"""One training as a worker does it, with the real network on a few synthetic scenes."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dse.chips import load_target
from dse.errors import CompilerError, Diverged, FileError, InvalidFile, WeightsError
from dse.files import disk_full
from dse.network.keras_starting_weights import load_starting_weights
from dse.schema import read_json
from dse.space import Training
from dse.study.training_result import Outcome
from dse.training import EpochReport, Recipe
from dse.workers.job import load_weights, measure_compiled, measure_design, run_training
from dse.workers.training_job import Job
from tests.process_limits import no_file_larger_than

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

TRAINING = Training("A", 98, 0.35, 96)


def _goes_on(_: EpochReport) -> bool:
    return True


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    recipe = Recipe(epochs=2, batch_size=8, val_pictures=4, calibration_pictures=4)
    cache = str(tmp_path_factory.mktemp("cache"))
    formats, target = ("kpu8", "Q9", "FP32"), load_target("k210")
    return Job("synthetic:20", "synthetic:20", recipe, "shipped", formats, cache, target)


@pytest.fixture(scope="module")
def finished(job: Job, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("trainings") / TRAINING.id
    return folder, run_training(job, TRAINING, folder, _goes_on)


def test_a_training_yields_a_figure_for_every_format(
    job: Job, finished: tuple[Path, Outcome]
) -> None:
    folder, outcome = finished
    assert set(outcome.ap) == set(outcome.ap_square) == set(job.formats)
    assert all(0 <= ap <= 1 for ap in outcome.ap.values())
    assert not outcome.stopped
    assert outcome.epochs == len(outcome.curve) == 2
    assert sorted(file.name for file in folder.iterdir()) == [
        "ap_resampled.csv", "curve.csv", "kmodel.json", "metrics.json", "precision_recall_FP32.csv",
        "precision_recall_Q9.csv", "precision_recall_kpu8.csv", "weights.npz",
    ]  # fmt: skip


def test_every_figure_has_its_interval_and_its_curve(
    job: Job, finished: tuple[Path, Outcome]
) -> None:
    folder, outcome = finished
    for format in job.formats:
        low, high = outcome.ap_interval[format]
        assert low <= outcome.ap[format] <= high
        lines = (folder / f"precision_recall_{format}.csv").read_text().splitlines()
        assert lines[0] == "recall,precision,score"
        rows = [[float(value) for value in line.split(",")] for line in lines[1:]]
        assert [row[2] for row in rows] == sorted((row[2] for row in rows), reverse=True)


def test_a_finished_training_is_not_repeated(job: Job, finished: tuple[Path, Outcome]) -> None:
    folder, outcome = finished

    def never(_: EpochReport) -> bool:
        raise AssertionError("trained again")

    assert run_training(job, TRAINING, folder, never) == outcome


def test_what_is_written_is_what_is_returned(finished: tuple[Path, Outcome]) -> None:
    folder, outcome = finished
    assert read_json(folder / "metrics.json", 1 << 20, Outcome) == outcome
    assert len((folder / "curve.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"training_id": 3}', "[" * 100_000, '{"epochs": ' + "9" * 5000 + "}", "\0"],
)
def test_results_that_somebody_made_up_are_refused(job: Job, tmp_path: Path, content: str) -> None:
    for name in ("metrics.json", "kmodel.json"):
        (tmp_path / name).write_text(content)
    with pytest.raises(InvalidFile, match=r"metrics\.json: ") as caught:
        run_training(job, TRAINING, tmp_path, lambda epoch: True)
    assert "resume" in caught.value.hint
    with pytest.raises(InvalidFile, match=r"kmodel\.json: "):
        measure_compiled(job, TRAINING, tmp_path)


def test_a_pipe_in_the_place_of_results_is_refused(job: Job, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metrics.json")
    with pytest.raises(FileError, match="not a regular file"):
        run_training(job, TRAINING, tmp_path, lambda epoch: True)


def test_a_stopped_training_has_no_figures_but_weights(job: Job, tmp_path: Path) -> None:
    outcome = run_training(job, TRAINING, tmp_path / "t", lambda epoch: False)
    assert outcome.stopped
    assert outcome.ap == {}
    assert outcome.epochs == 1
    assert load_weights(tmp_path / "t")


def test_the_figure_of_kpu8_is_the_kmodels(job: Job, finished: tuple[Path, Outcome]) -> None:
    """It was measured with the training, by the emulator, and is not measured again."""
    folder, outcome = finished
    measure = measure_compiled(replace(job, data="no such data"), TRAINING, folder)
    assert measure.kmodel_bytes > 100_000
    assert measure.kmodel_ap == outcome.ap["kpu8"]
    assert measure.note == ""


def test_the_kmodel_is_measured_where_it_was_not(
    job: Job, finished: tuple[Path, Outcome], tmp_path: Path
) -> None:
    copy = tmp_path / TRAINING.id
    shutil.copytree(finished[0], copy, ignore=shutil.ignore_patterns("kmodel.json"))
    again = measure_compiled(job, TRAINING, copy)
    assert again.kmodel_ap == measure_compiled(job, TRAINING, finished[0]).kmodel_ap


def test_formats_of_the_front_are_looked_at_in_the_end(
    job: Job, finished: tuple[Path, Outcome], tmp_path: Path
) -> None:
    folder, outcome = tmp_path / TRAINING.id, finished[1]
    shutil.copytree(finished[0], folder)
    late = replace(job, formats=("kpu8",), front_formats=("Q9", "FP32"))
    measure = measure_design(late, TRAINING, folder)
    assert {"kpu8": measure.kmodel_ap, **measure.formats.ap} == outcome.ap
    assert {"kpu8": measure.kmodel_ap_interval, **measure.formats.ap_interval} == (
        outcome.ap_interval
    )
    assert measure_design(replace(late, eval_data="gone"), TRAINING, folder) == measure


def test_what_does_not_fit_the_chip_is_approximated(
    job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise CompilerError("Allocator has ran out of memory")

    monkeypatch.setattr("dse.chips.k210.compiler.deployment.compile_kmodel", refuses)
    outcome = run_training(job, TRAINING, tmp_path / "t", _goes_on)
    assert 0 <= outcome.ap["kpu8"] <= 1
    assert not (tmp_path / "t" / "kmodel.json").exists()


def test_missing_and_truncated_weights_are_named(
    finished: tuple[Path, Outcome], tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match="no trained weights"):
        load_weights(tmp_path)
    content = (finished[0] / "weights.npz").read_bytes()
    (tmp_path / "weights.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(WeightsError, match="damaged") as caught:
        load_weights(tmp_path)
    assert "resume" in caught.value.hint


def test_a_training_that_diverges_leaves_nothing_to_go_on_from(job: Job, tmp_path: Path) -> None:
    wild = replace(job, recipe=replace(job.recipe, learning_rate=1e30))
    with pytest.raises(Diverged, match="after epoch 1"):
        run_training(wild, TRAINING, tmp_path / "t", _goes_on)
    assert list((tmp_path / "t").iterdir()) == []


def test_a_disk_that_is_full_at_any_file_costs_the_epoch_in_flight(
    job: Job, tmp_path: Path
) -> None:
    """And takes nothing: what was written of a file that did not fit is gone."""
    folder, told = tmp_path / "t", []
    plain = replace(job, formats=("FP32",))

    def dies_after_its_last(epoch: EpochReport) -> bool:
        told.append(epoch)
        if epoch.epoch == epoch.epochs:
            raise InterruptedError
        return True

    with no_file_larger_than(10_000), pytest.raises(FileError) as caught:
        run_training(plain, TRAINING, folder, _goes_on)
    assert disk_full(caught.value) and list(folder.iterdir()) == []
    with pytest.raises(InterruptedError):
        run_training(plain, TRAINING, folder, dies_after_its_last)
    checkpoint = (folder / "checkpoint.npz").read_bytes()
    with no_file_larger_than(200_000), pytest.raises(FileError) as caught:
        run_training(plain, TRAINING, folder, _goes_on)
    assert disk_full(caught.value)
    assert not list(folder.glob("*weights*")) and not list(folder.glob(".*"))
    assert (folder / "checkpoint.npz").read_bytes() == checkpoint
    (folder / ".checkpoint.npz.123").write_bytes(b"of a process that was killed as it wrote")
    assert run_training(plain, TRAINING, folder, _goes_on).curve == told
    assert load_weights(folder) and not list(folder.glob("*checkpoint*"))


def test_a_head_that_is_trained_already_is_refined(job: Job, tmp_path: Path) -> None:
    plain = Training("P", 8, 0.5, 96)
    run_training(replace(job, formats=("FP32",)), plain, tmp_path / "t", _goes_on)
    start = load_starting_weights("shipped", plain.width, "P").weights["head/kernel"]
    end = load_weights(tmp_path / "t")["head/kernel"]
    assert not np.array_equal(start, end)
    assert np.corrcoef(start.ravel(), end.ravel())[0, 1] > 0.95
