"""Rendered pictures are drawn once, and read back as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dse.data.pictures import DataSet, Picture
from dse.data.rendered import rendered_once


def _counted() -> tuple[DataSet, list[int]]:
    drawn: list[int] = []

    def draw() -> np.ndarray:
        drawn.append(1)
        return np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)

    picture = Picture("scene", np.array([[1, 2, 9, 9]], np.float32), draw)
    return DataSet("drawn", (picture,)), drawn


def test_a_picture_is_drawn_once_and_stays_the_same(tmp_path: Path) -> None:
    data, drawn = _counted()
    first = rendered_once(data, tmp_path).pictures[0].load()
    again = rendered_once(data, tmp_path).pictures[0].load()
    np.testing.assert_array_equal(first, again)
    assert len(drawn) == 1


def test_a_damaged_file_is_drawn_again(tmp_path: Path) -> None:
    data, drawn = _counted()
    kept = rendered_once(data, tmp_path)
    pixels = kept.pictures[0].load()
    file = next(tmp_path.rglob("*.png"))
    file.write_bytes(file.read_bytes()[:60])
    np.testing.assert_array_equal(kept.pictures[0].load(), pixels)
    assert len(drawn) == 2


def test_labels_are_untouched(tmp_path: Path) -> None:
    data, _ = _counted()
    assert rendered_once(data, tmp_path).checksum == data.checksum
