"""A real training of three classes, on pictures of coloured blocks, with each kind of head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dse.space import SearchSpace, Training
from dse.study.settings import SearchSettings
from dse.training import EpochReport, Recipe
from dse.workers.anchors import clustered_heads
from dse.workers.job import run_training
from dse.workers.training_job import Job

pytestmark = pytest.mark.slow

CLASSES = ("red", "green", "blue")
SIDE = 96
COUNTS = {"train": 96, "valid": 16, "test": 24}


def _drawn(rng: np.random.Generator) -> tuple[Image.Image, list[str]]:
    """Blocks of three colours on grey noise, and their lines for YOLO."""
    pixels = rng.integers(90, 150, (SIDE, SIDE, 3)).astype(np.uint8)
    lines = []
    for corner in rng.permutation([(2, 2), (50, 4), (4, 52), (50, 50)])[:2]:
        label = int(rng.integers(3))
        width, height = rng.integers(20, 42, 2)
        x, y = corner + rng.integers(0, 4, 2)
        colour = np.full(3, 30)
        colour[label] = 230
        pixels[y : y + height, x : x + width] = colour
        numbers = ((x + width / 2) / SIDE, (y + height / 2) / SIDE, width / SIDE, height / SIDE)
        lines.append(f"{label} " + " ".join(f"{number:.6f}" for number in numbers))
    return Image.fromarray(pixels), lines


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as YOLO's users have it."""
    folder, rng = tmp_path_factory.mktemp("blocks"), np.random.default_rng(0)
    for part, count in COUNTS.items():
        for kind in ("images", "labels"):
            (folder / part / kind).mkdir(parents=True)
        for number in range(count):
            picture, lines = _drawn(rng)
            picture.save(folder / part / "images" / f"{number:03d}.png")
            (folder / part / "labels" / f"{number:03d}.txt").write_text("\n".join(lines))
    parts = "".join(
        f"{key}: {part}/images\n"
        for key, part in (("train", "train"), ("val", "valid"), ("test", "test"))
    )
    (folder / "data.yaml").write_text(f"{parts}names: {list(CLASSES)}\n")
    return folder


@pytest.mark.parametrize(("head", "frozen_until"), [("r5", 5), ("b3", 3)])
def test_each_class_is_found(blocks: Path, tmp_path: Path, head: str, frozen_until: int) -> None:
    recipe = Recipe(epochs=25, batch_size=16, learning_rate=5e-3)
    training = Training("P", frozen_until, 0.5, SIDE, head)
    axes = {axis: (value,) for axis, value in vars(training).items()}
    space = SearchSpace.of("one", {**axes, "format": ("FP32",)})
    source = f"yolo:{blocks}"
    settings = SearchSettings(data=source, eval_data=source, recipe=recipe)
    heads = clustered_heads(settings, space, CLASSES, tmp_path)
    assert len(heads.head(head, SIDE).anchors) == int(head[1:])
    job = Job(source, source, recipe, "shipped", ("FP32",), str(tmp_path), heads=heads)

    def goes_on(report: EpochReport) -> bool:
        return True

    outcome = run_training(job, training, tmp_path / training.id, goes_on)
    assert outcome.ap["FP32"] > 0.7
    assert outcome.val_ap > 0.6
