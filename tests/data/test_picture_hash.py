"""Near-duplicates are told, other pictures are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from dse.data.picture_hash import BITS, alike, distances, picture_bits


def scene(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 12, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((240, 180), Image.Resampling.BICUBIC)


@pytest.fixture
def written(tmp_path: Path) -> list[Path]:
    """The same scene five times, and four others."""
    whole = scene(0)
    made = [
        whole,
        whole.resize((120, 90)),
        ImageEnhance.Brightness(whole).enhance(0.8),
        whole.convert("L"),
        whole,
        *map(scene, range(1, 5)),
    ]
    paths = [
        tmp_path / f"{number}.{'png' if number == 4 else 'jpg'}" for number in range(len(made))
    ]
    for path, image in zip(paths, made, strict=True):
        image.save(path, quality=40)  # which PNG passes over
    return paths


def test_the_same_scene_is_found_however_it_was_saved(written: list[Path]) -> None:
    pairs = {tuple(pair) for pair in alike(picture_bits(written)).tolist()}
    assert pairs == {(a, b) for a in range(5) for b in range(a + 1, 5)}


def test_distances_are_counts_of_bits(written: list[Path]) -> None:
    bits = picture_bits(written)
    found = distances(bits, bits)
    assert found.diagonal().max() == 0
    assert found.min() >= 0 and found.max() <= BITS


def test_pictures_without_structure_are_like_no_other(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (60, 40), (99, 99, 99)).save(tmp_path / name)
    (tmp_path / "c.png").write_text("no picture")
    bits = picture_bits([tmp_path / name for name in ("a.png", "b.png", "c.png", "missing.png")])
    assert bits.shape == (4, BITS)
    assert len(alike(bits)) == 0


def test_none_at_all() -> None:
    assert alike(picture_bits([])).shape == (0, 2)
