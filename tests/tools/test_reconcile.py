"""The script from folder to folder: what it detects, writes, prints, and refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from dse.data import open_data
from dse.data.pictures import DataSet, Picture
from dse.detection.geometry import corners
from dse.detection.head import FACE_HEAD
from dse.errors import DataError, DseError, UnknownName, UsageError, WeightsError
from dse.network.arrays import Weights
from dse.network.detector import detector_graph
from dse.network.keras_model import build, get_weights
from dse.space import Training
from tools.reconcile import detected, main, write_wider

pytestmark = pytest.mark.slow

DESIGN = "P3-a0.5-64"
PLACE = (1, 2, 7)
"""Row, column and canonical box that `_one_face` makes up."""


def _save(folder: Path, part: str, name: str, pixels: NDArray[np.uint8]) -> None:
    path = folder / f"WIDER_{part}" / "images" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def wider(tmp_path: Path, patterns: DataSet) -> Path:
    """32 pictures of one face of source `0--a` and 8 of `1--b` for training, 4 each for val."""
    folder = tmp_path / "faces"
    sources = ["0--a"] * 32 + ["1--b"] * 8 + ["0--a"] * 4 + ["1--b"] * 4
    parts: dict[str, list[Picture]] = {"train": [], "val": []}
    for number, (source, picture) in enumerate(zip(sources, patterns.pictures, strict=True)):
        part = "train" if number < 40 else "val"
        name = f"{source}/{number}.png"
        _save(folder, part, name, picture.load())
        parts[part].append(replace(picture, name=name))
    links = tmp_path / "written"
    write_wider(links, folder, parts)
    (links / "wider_face_split").rename(folder / "wider_face_split")
    return folder


def _trained(bias: float) -> Weights:
    """A network that sees the same everywhere: a face of one size with the logit `bias`."""
    weights = get_weights(build(detector_graph(Training.parse(DESIGN))))
    weights["head/kernel"] = np.zeros_like(weights["head/kernel"])
    logits = np.zeros((25, 5), np.float32)
    logits[:, 0] = -9
    logits[PLACE[2], 0] = bias
    weights["head/bias"] = logits.reshape(-1)
    return weights


@pytest.fixture
def weights_file(tmp_path: Path) -> Path:
    """Such a network, sure of its faces, in half precision."""
    path = tmp_path / "weights.npz"
    np.savez(path, **{name: value.astype(np.float16) for name, value in _trained(3.0).items()})  # type: ignore[arg-type]
    return path


def _arguments(data: str, weights: Path, out: Path) -> list[str]:
    return ["--data", data, "--design", DESIGN, "--weights", str(weights), "--out", str(out)]


def test_from_folder_to_folder(
    wider: Path, weights_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new"
    main([*_arguments(f"wider:{wider}", weights_file, out), "--incomplete", "1--b"])
    header, *rows, mean = capsys.readouterr().out.splitlines()
    assert header.split()[0] == "source"
    assert mean.startswith("mean of the medians")
    counts = {row.split()[0]: row.split() for row in rows}
    assert [counts[source][1] for source in ("0--a", "1--b")] == ["36", "12"]
    for part in ("train", "val"):
        old, new = open_data(f"wider:{wider}", part), open_data(f"wider:{out}", part)
        assert (out / f"WIDER_{part}").is_symlink()
        assert [one.name for one in new.pictures] == [one.name for one in old.pictures]
        np.testing.assert_array_equal(new.pictures[0].load(), old.pictures[0].load())
        for before, after in zip(old.pictures, new.pictures, strict=True):
            is_incomplete = before.name.startswith("1--b")
            added = (len(after.boxes) - len(before.boxes), len(after.ignored))
            assert added[not is_incomplete] > 0  # a face in every cell, labelled or not
            assert added[is_incomplete] == 0
            if is_incomplete:  # 8 pictures are too few for a style
                np.testing.assert_allclose(after.boxes[0], before.boxes[0], atol=0.06)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 40), st.floats(0, 30), st.floats(6, 20), st.floats(6, 20), st.booleans()
        ),
        max_size=6,
    )
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[float, float, float, float, bool]],
) -> None:
    folder = tmp_path_factory.mktemp("wider")
    pixels = np.zeros((50, 60, 3), np.uint8)

    def boxes(is_ignored: bool) -> NDArray[np.float32]:
        chosen = [(x, y, x + w, y + h) for x, y, w, h, ignored in rows if ignored is is_ignored]
        return np.array(chosen, np.float32).reshape(-1, 4)

    picture = Picture("0--a/one.png", boxes(False), lambda: pixels, boxes(True))
    anchor = Picture("0--a/two.png", np.array([[1, 2, 30, 40]], np.float32), lambda: pixels)
    for one in (picture, anchor):
        _save(folder / "old", "train", one.name, pixels)
    write_wider(folder / "new", folder / "old", {"train": [picture, anchor]})
    read = open_data(f"wider:{folder / 'new'}", "train")
    assert read.skipped == ()
    assert [one.name for one in read.pictures] == [picture.name, anchor.name]
    np.testing.assert_allclose(read.pictures[0].boxes, picture.boxes, atol=0.0501)
    np.testing.assert_allclose(read.pictures[0].ignored, picture.ignored, atol=0.0501)


def test_the_mirror_image_counts_as_much_as_the_picture() -> None:
    """One face at the left of the canvas, which the mirror image must show at the right."""
    anchors = corners(FACE_HEAD.grid(64, 4, 4)).reshape(4, 4, 25, 4)

    def predict(canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        maps = np.zeros((len(canvases), 4, 4, 25, 5), np.float32)
        maps[..., 0] = -9
        row, column, box = PLACE
        maps[:, row, column, box, 0] = 3
        return maps.reshape(len(canvases), 4, 4, 125)

    pixels = np.zeros((128, 128, 3), np.uint8)
    picture = Picture("0--a/one.png", np.zeros((0, 4), np.float32), lambda: pixels)
    (seen,) = detected(predict, 64, DataSet("one", (picture,)))
    x0, y0, x1, y1 = anchors[PLACE] * 2  # the canvas has half the picture's side
    expected = np.clip([[x0, y0, x1, y1], [128 - x1, y0, 128 - x0, y1]], 0, 128)
    found = seen.found.boxes[np.argsort(-seen.found.boxes[:, 0])]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_allclose(seen.found.scores, 1 / (1 + np.exp(-3.0)), rtol=1e-5)
    assert (seen.scale, seen.size) == (0.5, (128, 128))


def test_pictures_that_do_not_load_are_left_out() -> None:
    def gone() -> NDArray[np.uint8]:
        raise DataError("gone")

    pixels = np.zeros((30, 40, 3), np.uint8)
    none = np.zeros((0, 4), np.float32)
    pictures = (Picture("0--a/gone.png", none, gone), Picture("0--a/one.png", none, lambda: pixels))

    def predict(canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.full((len(canvases), 4, 4, 125), -9, np.float32)

    (seen,) = detected(predict, 64, DataSet("two", pictures))
    assert seen.picture.name == "0--a/one.png"
    assert len(seen.found) == 0


def _refusal(arguments: list[str]) -> DseError:
    with pytest.raises(DseError) as caught:
        main(arguments)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("spec", ["synthetic", "yolo:somewhere", "wider:", "wider"])
def test_only_wider_folders_have_sources(spec: str, tmp_path: Path) -> None:
    error = _refusal(_arguments(spec, tmp_path / "weights.npz", tmp_path / "new"))
    assert isinstance(error, UsageError)
    assert spec in str(error)


def test_a_full_folder_is_not_written_into(wider: Path, weights_file: Path) -> None:
    error = _refusal(_arguments(f"wider:{wider}", weights_file, wider))
    assert isinstance(error, DataError)
    assert "not empty" in str(error)
    assert isinstance(_refusal(_arguments(f"wider:{wider}", weights_file, weights_file)), DataError)


def test_an_unknown_event_is_told(wider: Path, weights_file: Path, tmp_path: Path) -> None:
    arguments = _arguments(f"wider:{wider}", weights_file, tmp_path / "new")
    error = _refusal([*arguments, "--incomplete", "1--c"])
    assert isinstance(error, UnknownName)
    assert "1--b" in error.hint


def test_weights_that_do_not_match(wider: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "other.npz", tmp_path / "new"
    arguments = _arguments(f"wider:{wider}", path, out)
    assert isinstance(_refusal(arguments), WeightsError)  # there is no such file
    path.write_bytes(b"no weights")
    assert isinstance(_refusal(arguments), WeightsError)
    weights = _trained(3.0)
    np.savez(path, **{name: value for name, value in weights.items() if "conv_2" not in name})  # type: ignore[arg-type]
    assert "conv_2" in str(_refusal(arguments))
    np.savez(path, **{**weights, "head/bias": np.zeros(7, np.float32)})  # type: ignore[arg-type]
    assert "shape" in str(_refusal(arguments))
    assert not out.exists()
