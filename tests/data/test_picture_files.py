"""Picture files of every kind, sound and broken, as RGB pixels."""

from __future__ import annotations

import io
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dse.data.letterbox import FILL
from dse.data.picture_files import checked_size, load_pixels, loader
from dse.errors import DataError

Write = Callable[..., Path]


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp", "gif", "tif", "ppm"])
def test_kinds_of_file(tmp_path: Path, write_picture: Write, suffix: str) -> None:
    path = write_picture(tmp_path / f"a.{suffix}", (37, 23))
    pixels = load_pixels(path)
    assert pixels.shape == (23, 37, 3)
    assert pixels.dtype == np.uint8
    assert checked_size(path) == (37, 23)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        ("L", "jpg"),
        ("CMYK", "jpg"),
        ("YCbCr", "jpg"),
        ("P", "png"),
        ("LA", "png"),
        ("RGBA", "webp"),
        ("LAB", "tif"),
        ("CMYK", "tif"),
    ],
)
def test_modes_become_rgb(tmp_path: Path, mode: str, suffix: str) -> None:
    grey = Image.fromarray(np.full((10, 12), 200, np.uint8))
    image = grey.quantize(4) if mode == "P" else grey.convert("RGB").convert(mode)
    image.save(tmp_path / f"a.{suffix}")
    pixels = load_pixels(tmp_path / f"a.{suffix}")
    assert pixels.shape == (10, 12, 3)
    np.testing.assert_allclose(pixels, 200, atol=8)


def test_black_and_white(tmp_path: Path) -> None:
    checks = np.indices((6, 6)).sum(axis=0) % 2 == 0
    Image.fromarray(checks).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_pixels(tmp_path / "a.png")[..., 2], checks * 255)


def test_deep_grey_keeps_its_steps(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 65535, 64), (8, 1)).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    np.testing.assert_allclose(load_pixels(tmp_path / "a.png")[..., 0], ramp / 257, atol=1)


def test_transparent_parts_become_grey(tmp_path: Path) -> None:
    pixels = np.full((8, 8, 4), 255, np.uint8)
    pixels[:, 4:, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    loaded = load_pixels(tmp_path / "a.png")
    assert (loaded[:, :4] == 255).all()
    assert (loaded[:, 4:] == FILL).all()


def test_transparent_palette(tmp_path: Path) -> None:
    image = Image.new("P", (6, 6), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.save(tmp_path / "a.gif", transparency=0)
    assert (load_pixels(tmp_path / "a.gif") == FILL).all()


@pytest.mark.parametrize(("orientation", "size"), [(1, (40, 20)), (3, (40, 20)), (6, (20, 40))])
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_pictures_are_turned_upright(
    tmp_path: Path, orientation: int, size: tuple[int, int], suffix: str
) -> None:
    stored = np.zeros((20, 40, 3), np.uint8)
    stored[:, :20] = 255  # the left half is bright
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(stored).save(path, exif=exif)
    pixels = load_pixels(path)
    assert checked_size(path) == size == pixels.shape[1::-1]
    bright = {1: pixels[:, :16], 3: pixels[:, 24:], 6: pixels[:16]}[orientation]
    assert bright.min() > 200


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_truncated_files_are_refused_at_once(
    tmp_path: Path, write_picture: Write, suffix: str, share: float
) -> None:
    path = write_picture(tmp_path / f"a.{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    for read in (checked_size, load_pixels):
        with pytest.raises(DataError, match=str(path)) as caught:
            read(path)
        assert caught.value.hint


def test_a_few_bytes_after_the_end_do_not_matter(tmp_path: Path, write_picture: Write) -> None:
    path = write_picture(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes() + b"\0" * 5000)
    assert checked_size(path) == (60, 40)
    assert load_pixels(path).shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "the file is empty"), (b"<html>404</html>" * 40, "not a picture")],
)
def test_what_is_no_picture(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    for read in (checked_size, load_pixels):
        with pytest.raises(DataError, match=reason):
            read(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone.jpg: there is no such file"):
        load_pixels(tmp_path / "gone.jpg")
    with pytest.raises(DataError, match="cannot be opened"):
        load_pixels(tmp_path)


def test_a_picture_beyond_all_bounds_is_refused(
    tmp_path: Path, write_picture: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_picture(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"broken picture .*exceeds limit"):
        checked_size(path)


def jpeg() -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 255, (24, 24, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


@given(st.lists(st.tuples(st.integers(0, len(jpeg()) - 1), st.integers(0, 255)), max_size=8))
@settings(max_examples=60, deadline=None)
def test_damage_anywhere_gives_pixels_or_a_data_error(damage: list[tuple[int, int]]) -> None:
    content = bytearray(jpeg())
    for place, value in damage:
        content[place] = value
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "damaged.jpg"
        file.write_bytes(content)
        for read in (checked_size, load_pixels):
            try:
                read(file)
            except DataError as error:
                assert str(file) in str(error)


def test_a_loader_survives_pickling(tmp_path: Path, write_picture: Write) -> None:
    path = write_picture(tmp_path / "a.png")
    load = pickle.loads(pickle.dumps(loader(path)))
    np.testing.assert_array_equal(load(), load_pixels(path))
