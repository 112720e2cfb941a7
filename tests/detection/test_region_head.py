"""YOLOv2's region layer: every number where the firmwares look for it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.canvas import Canvas, InputSize
from dse.detection.decoding import decode_maps
from dse.detection.head import Head
from dse.detection.region_head import RegionHead

Float32s = NDArray[np.float32]
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
HEAD = RegionHead(((40, 60), (120, 100), (250, 300), (60, 40), (400, 420)), ("a", "b", "c"))


def test_the_channels_are_those_that_firmwares_count() -> None:
    for classes in (("face",), ("a", "b", "c")):
        head = RegionHead(HEAD.anchors, classes)
        assert head.channels // 5 - 5 == len(classes)
    assert HEAD.number_names[:5] == ("tx", "ty", "tw", "th", "objectness")
    assert HEAD.first_offset == 0
    maps = np.arange(40, dtype=np.float32).reshape(1, 1, 1, 40)
    scores, offsets = HEAD.split(maps)
    np.testing.assert_array_equal(offsets[0, 0, 0, 1], [8, 9, 10, 11])
    np.testing.assert_array_equal(scores[0, 0, 0, 1], [12, 13, 14, 15])


def by_hand(row: Float32s, column: int, line: int, anchor: int, cells: int) -> Any:
    """Centre and size as shares of the picture, and the classes' probabilities, as Darknet."""
    x, y, w, h, objectness, *logits = row.astype(np.float64)
    sides = np.array(HEAD.anchors[anchor]) / 500 * cells  # in cells
    shares = np.exp(logits) / np.exp(logits).sum()
    return (
        [
            (column + 1 / (1 + np.exp(-x))) / cells,
            (line + 1 / (1 + np.exp(-y))) / cells,
            np.exp(w) * sides[0] / cells,
            np.exp(h) * sides[1] / cells,
        ],
        shares / (1 + np.exp(-objectness)),
    )


@given(st.integers(0, 999))
def test_a_row_decodes_as_in_darknet(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells, size = 4, 64
    maps = rng.normal(0, 2, (1, cells, cells, HEAD.channels)).astype(np.float32)
    rows, grid = HEAD.rows(maps)[0], HEAD.grid(size, cells, cells)
    boxes = HEAD.decode(HEAD.numbers(rows).offsets, grid) / size
    probabilities = 1 / (1 + np.exp(-HEAD.logits(rows).astype(np.float64)))
    for place in rng.integers(len(rows), size=8):
        cell, anchor = divmod(int(place), 5)
        line, column = divmod(cell, cells)
        (cx, cy, w, h), shares = by_hand(rows[place], column, line, anchor, cells)
        expected = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
        np.testing.assert_allclose(boxes[place], expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(probabilities[place], shares, rtol=1e-4, atol=1e-7)


def test_decode_undoes_encode_for_centres_in_the_cell() -> None:
    rng = np.random.default_rng(3)
    grid = HEAD.grid(224, 7, 7)
    rows = grid[rng.integers(len(grid), size=50)]
    centres = rows[:, :2] + rng.uniform(-0.45, 0.45, (50, 2)) * rows[:, 4:]
    sides = rng.uniform(5, 200, (50, 2))
    boxes = np.concatenate((centres - sides / 2, centres + sides / 2), axis=1).astype(np.float32)
    np.testing.assert_allclose(HEAD.decode(HEAD.encode(boxes, rows), rows), boxes, atol=1e-2)


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Any]]:
    """What a firmware's decoder finds, as of `benchmarks/darknet.py`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        darknet = importlib.import_module("darknet")
    if darknet.compiler() is None:
        pytest.skip("no C compiler")
    return partial(darknet.found_by_firmware, darknet.built(tmp_path_factory.mktemp("darknet")))


@pytest.mark.parametrize("input_size", [128, "160x96"])
@pytest.mark.parametrize("classes", [("face",), ("a", "b", "c")])
@pytest.mark.parametrize("threshold", [0.12, 0.5])
def test_a_hundred_maps_show_the_boxes_that_a_firmware_finds(
    firmware: Callable[..., list[Any]],
    input_size: InputSize,
    classes: tuple[str, ...],
    threshold: float,
) -> None:
    head, canvas = RegionHead(HEAD.anchors, classes), Canvas.of(input_size)
    rows, columns = canvas.height // 16, canvas.width // 16
    rng = np.random.default_rng(5)
    maps = rng.normal(0, 1.5, (100, rows, columns, head.channels)).astype(np.float32)
    head.split(maps)[0][..., 0] -= 2.5  # or there would be a box in every cell
    ours = decode_maps(maps, input_size, threshold, 0.4, 10_000, head=head)
    theirs = firmware(maps, head, input_size, threshold, 0.4)
    edges = np.array([canvas.width, canvas.height] * 2)
    assert sum(map(len, theirs)) > 300
    for one, other in zip(ours, theirs, strict=True):
        order = np.argsort(-other[:, 1], kind="stable")
        classes_found, scores, boxes = other[order, 0], other[order, 1], other[order, 2:]
        np.testing.assert_array_equal(one.classes, classes_found)
        np.testing.assert_allclose(one.scores, scores, rtol=1e-4)
        np.testing.assert_allclose(one.boxes, np.clip(boxes * edges, 0, edges), atol=2e-3)


def test_sure_or_wild_numbers_stay_finite() -> None:
    wild = np.full((1, HEAD.numbers_per_box), 300, np.float32)
    for row in (wild, -wild):
        assert np.isfinite(HEAD.logits(row)).all()
        assert np.isfinite(HEAD.decode(HEAD.numbers(row).offsets, HEAD.grid(96, 3, 3)[:1])).all()


def test_what_was_written_as_truth_is_found() -> None:
    boxes = np.array([[10, 12, 50, 60], [60, 60, 90, 80], [5, 70, 30, 95]], np.float32)
    classes = np.array([2, 0, 1], np.int32)
    grid = HEAD.grid(96, 6, 6)
    found = HEAD.assign(boxes, boxes[:0], grid)
    rows = np.zeros((len(grid), HEAD.numbers_per_box), np.float32)
    offsets = HEAD.encode(boxes[found.faces], grid[found.positive])
    HEAD.write_truth(rows, found.positive, classes[found.faces], offsets, found.ignored)
    assert set(np.unique(rows[:, 4])) <= {-1, 0, 1}
    maps = rows.copy()
    maps[:, 4:] = np.where(rows[:, 4:] == 1, 9, -9)
    (seen,) = decode_maps(maps.reshape(1, 6, 6, -1), 96, head=HEAD)
    order = np.argsort(seen.classes)
    np.testing.assert_array_equal(seen.classes[order], [0, 1, 2])
    np.testing.assert_allclose(seen.boxes[order], boxes[np.argsort(classes)], atol=0.2)


def test_a_file_holds_all_of_it() -> None:
    again = Head.from_json(json.loads(json.dumps(HEAD.to_json())))
    assert again == HEAD and isinstance(again, RegionHead)
    assert again != Head(HEAD.anchors, HEAD.classes)


def test_keras_tensors_split_the_same() -> None:
    ops = pytest.importorskip("keras").ops
    maps = np.random.default_rng(0).normal(size=(2, 3, 3, HEAD.channels)).astype(np.float32)
    for found, expected in zip(
        HEAD.split(ops.convert_to_tensor(maps), ops), HEAD.split(maps), strict=True
    ):
        np.testing.assert_array_equal(np.asarray(found), expected)


def test_it_starts_with_no_belief_in_any_class() -> None:
    bias = HEAD.starting_bias(-4.0).reshape(5, -1)
    np.testing.assert_array_equal(bias, [[0, 0, 0, 0, -4, 0, 0, 0]] * 5)
