"""Rendered pictures are drawn once, and read back as they were."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dse.data.pictures import DataSet, Picture
from dse.data.rendered import draw_missing, open_rendered, rendered_once
from tests.process_limits import no_file_larger_than


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
    file = next(tmp_path.rglob("*.bmp"))
    file.write_bytes(file.read_bytes()[:60])
    np.testing.assert_array_equal(kept.pictures[0].load(), pixels)
    assert len(drawn) == 2


def test_a_picture_that_cannot_be_kept_is_drawn_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    data, drawn = _counted()
    (picture,) = rendered_once(data, tmp_path / "file").pictures
    assert np.array_equal(picture.load(), data.pictures[0].load())
    (picture,) = rendered_once(data, tmp_path / "full").pictures
    with no_file_larger_than(0):
        assert np.array_equal(picture.load(), picture.load())
    assert len(drawn) == 4
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["file"]


def test_labels_are_untouched(tmp_path: Path) -> None:
    data, _ = _counted()
    assert rendered_once(data, tmp_path).checksum == data.checksum


def test_two_that_draw_the_same_set_share_the_work(tmp_path: Path) -> None:
    """In step they would draw everything twice."""
    drawn: list[str] = []
    both_at_it = threading.Barrier(2, timeout=10)

    def picture(number: int) -> Picture:
        def draw() -> np.ndarray:
            with contextlib.suppress(threading.BrokenBarrierError):
                both_at_it.wait(timeout=0.1)  # step by step, as two processes on two cores
            drawn.append(str(number))
            return np.full((4, 4, 3), number, np.uint8)

        return Picture(str(number), np.zeros((0, 4), np.float32), draw)

    data = rendered_once(DataSet("forty", tuple(map(picture, range(40)))), tmp_path)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(draw_missing, [data, data]))
    assert set(drawn) == {str(number) for number in range(40)}
    assert len(drawn) < 60
    draw_missing(data)
    assert all(picture.load()[0, 0, 0] == int(picture.name) for picture in data.pictures)


@pytest.mark.slow
def test_a_limit_reads_the_pictures_of_the_whole_set(tmp_path: Path) -> None:
    few = open_rendered("synthetic:6", "train", tmp_path, limit=2)
    draw_missing(open_rendered("synthetic:6", "train", tmp_path))
    before = set(tmp_path.rglob("*.bmp"))
    draw_missing(few)
    assert len(few) == 2 and set(tmp_path.rglob("*.bmp")) == before
    assert len(before) == 6
