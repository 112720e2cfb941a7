"""What the trainings of a study have in common, here and on another machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dse.data import open_data
from dse.detection import FACE_HEAD
from dse.errors import StudyError
from dse.network.detector import detector_graph
from dse.space import Training
from dse.training import Recipe
from dse.workers.training_job import (
    Job,
    calibration_canvases,
    draw_pictures,
    rendered_pictures,
)


def test_ranges_are_set_with_as_many_pictures_as_the_recipe_says(tmp_path: Path) -> None:
    recipe = Recipe(calibration_pictures=3)
    job = Job("synthetic:20", "synthetic:20", recipe, "shipped", ("FP32",), str(tmp_path))
    assert calibration_canvases(job, 96).shape == (3, 96, 96, 3)


def test_everything_is_drawn_before_it_is_needed(tmp_path: Path) -> None:
    recipe = Recipe(pictures=3, val_pictures=1, calibration_pictures=1)
    job = Job("synthetic:10", "synthetic:5", recipe, "shipped", ("FP32",), str(tmp_path))
    draw_pictures(job)
    drawn = set(tmp_path.rglob("*.bmp"))
    assert len(drawn) == 3 + 1 + len(open_data("synthetic:5", "eval"))
    calibration_canvases(job, 96)
    rendered_pictures(job.eval_data, "eval", job.cache)
    assert set(tmp_path.rglob("*.bmp")) == drawn


TRAINING = Training.parse("P5-a1-256")


def test_a_target_that_is_not_known_is_missed_where_it_is_needed() -> None:
    job = Job("synthetic", "synthetic", Recipe(), "shipped", ("FP32",), "cache")
    assert job.chip.formats  # AP of other formats can still be measured
    with pytest.raises(StudyError, match="another version of dse"):
        nothing = np.zeros((0, 8, 8, 3), np.uint8)
        job.deploy(detector_graph(TRAINING), {}, nothing, FACE_HEAD)


def test_a_job_moves_with_its_pictures_and_weights(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for name in ("train/a", "train/b", "val/c"):
        for kind in ("images", "labels"):
            (here / kind / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (9, 9, len(name))).save(here / "images" / f"{name}.png")
        (here / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.311 0.417\n")
    weights = here / "mobilenet_v2_1.0_notop.weights.h5"
    weights.write_bytes(b"weights")
    mine = Job(f"yolo:{here}", "synthetic:20", Recipe(), f"dir:{here}", ("FP32",), "cache")
    file_sets = mine.file_sets()
    assert set(file_sets) == {"data", "weights"}, "synthetic scenes are drawn there"
    for kind, file_set in file_sets.items():
        for name, content in file_set.batch(0):
            (there / kind / name).parent.mkdir(parents=True, exist_ok=True)
            (there / kind / name).write_bytes(content)
    moved = mine.relocated(tmp_path / "cache", {kind: there / kind for kind in file_sets})
    assert str(here) not in str(moved) and moved.eval_data == mine.eval_data
    assert Path(moved.weights.removeprefix("dir:"), weights.name).read_bytes() == b"weights"
    for split in ("train", "val"):
        before, after = (open_data(spec, split) for spec in (mine.data, moved.data))
        assert before.checksum == after.checksum and len(after) == {"train": 2, "val": 1}[split]
