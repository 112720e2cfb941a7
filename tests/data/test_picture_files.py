"""Picture files of every kind, sound and broken, as RGB pixels."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image

from dse.data.letterbox import FILL
from dse.data.picture_files import (
    FORMATS,
    MOST_PICTURE_BYTES,
    TAIL_BYTES,
    checked_size,
    load_pixels,
    loader,
)
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
    with pytest.raises(DataError, match="not a regular file"):
        load_pixels(tmp_path)


def png_header(width: int, height: int) -> bytes:
    """The start of a PNG of that size, without its pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT\0\0\0\0IEND"


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [12_000, 20_000, 2**31 - 1])
def test_a_picture_beyond_all_bounds_is_refused_by_its_header(tmp_path: Path, side: int) -> None:
    (tmp_path / "a.png").write_bytes(png_header(side, side))
    for read in (checked_size, load_pixels):
        with pytest.raises(DataError, match=r"a\.png: more than 134,217,728 pixels"):
            read(tmp_path / "a.png")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_large_camera_is_not(tmp_path: Path) -> None:
    Image.new("1", (11_656, 8_742)).save(tmp_path / "a.png")
    assert checked_size(tmp_path / "a.png") == (11_656, 8_742)


def test_a_frame_beyond_its_screen_is_refused(tmp_path: Path) -> None:
    screen = struct.pack("<HHBBB", 10, 10, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\2\2D\1\0;"
    (tmp_path / "a.gif").write_bytes(b"GIF89a" + screen + frame)
    with pytest.raises(DataError, match="more than 134,217,728 pixels"):
        checked_size(tmp_path / "a.gif")


def test_a_file_of_gigabytes_is_refused(tmp_path: Path, write_picture: Write) -> None:
    path = write_picture(tmp_path / "a.jpg")
    os.truncate(path, MOST_PICTURE_BYTES + 1)
    for read in (checked_size, load_pixels):
        with pytest.raises(DataError, match="larger than 384 MiB"):
            read(path)


def test_a_jpeg_of_countless_scans_is_refused(tmp_path: Path) -> None:
    """Each scan is a pass over all pixels, in a hundred bytes of the file."""
    whole = jpeg(progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    path = tmp_path / "a.jpg"
    path.write_bytes(whole[:-2] + last * 30 + b"\xff\xd9")
    assert load_pixels(path).shape == (24, 24, 3)
    comment = b"\xff\xfe\0\4\xff\xd9"  # what looks like an end, and is none
    path.write_bytes(whole[:-2] + comment + last * 100 + b"\xff\xd9" + b"\0" * TAIL_BYTES)
    for read in (checked_size, load_pixels):
        with pytest.raises(DataError, match="a JPEG of more than 50 scans"):
            read(path)


def test_scans_behind_the_picture_do_not_count(tmp_path: Path) -> None:
    """Phones put a film there, whose bytes may look like anything."""
    (tmp_path / "a.jpg").write_bytes(jpeg() + b"\xff\xda\0\2" * 100_000)
    assert load_pixels(tmp_path / "a.jpg").shape == (24, 24, 3)


def test_text_that_unfolds_is_refused(tmp_path: Path, write_picture: Write) -> None:
    path = write_picture(tmp_path / "a.png")
    text = b"zTXtnote\0\0" + zlib.compress(b"a" * 100_000_000)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    whole = path.read_bytes()
    path.write_bytes(whole[:33] + chunk + whole[33:])
    with pytest.raises(DataError, match="too large"):
        checked_size(path)


def _encoded(kind: str) -> bytes:
    """A picture of a kind that Pillow can write; b"" where it cannot."""
    for mode in ("RGB", "L", "1"):
        buffer = io.BytesIO()  # writers of some kinds claim the ending of a path for themselves
        with contextlib.suppress(OSError, ValueError, KeyError, AttributeError, TypeError):
            Image.new(mode, (64, 64)).save(buffer, kind)
            return buffer.getvalue()
    return b""


Image.init()
OTHERS = {kind: _encoded(kind) for kind in sorted(set(Image.SAVE) - {*FORMATS, "MPO"})}


def test_pillow_has_many_more() -> None:
    assert {"EPS", "PDF", "ICNS", "DDS", "TGA"} <= {kind for kind in OTHERS if OTHERS[kind]}
    assert set(FORMATS) < set(Image.OPEN)


@pytest.mark.parametrize("kind", [kind for kind in OTHERS if OTHERS[kind]])
def test_other_kinds_are_refused_whatever_their_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "face.jpg"
    path.write_bytes(OTHERS[kind])
    for read in (checked_size, load_pixels):
        with pytest.raises(DataError, match="not a picture, or of another kind than JPEG, PNG"):
            read(path)


@pytest.mark.parametrize(
    "start",
    [
        b"SIMPLE  =                    T",
        b"\xd7\xcd\xc6\x9a\0\0",
        b"8BPS\0\1",
        b"\0\0\0\0\x11\xaf",
        b"/* XPM */",
        b"Image type: L\r\n",
        b"\x89HDF\r\n\x1a\n",
        b"GRIB",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_kinds_that_pillow_only_reads_are_refused(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "face.jpg").write_bytes(start + b"\0" * 4000)
    with pytest.raises(DataError, match="not a picture, or of another kind"):
        load_pixels(tmp_path / "face.jpg")


POSTSCRIPT = """%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 60 40
%%EndComments
(ran) (w) file dup (x) writestring closefile showpage
"""


def test_postscript_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow hands a file that starts like this to the first `gs` in $PATH."""
    marker = tmp_path / "ran"
    program = tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch '{marker}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # where Pillow keeps what it found
    header = struct.pack("<4sIIIIIIH", b"\xc5\xd0\xd3\xc6", 32, len(POSTSCRIPT), 0, 0, 0, 0, 0)
    for content in (POSTSCRIPT.encode(), header + b"\0\0" + POSTSCRIPT.encode()):
        (tmp_path / "face.jpg").write_bytes(content)
        for read in (checked_size, load_pixels):
            with pytest.raises(DataError, match="not a picture"):
                read(tmp_path / "face.jpg")
            assert not marker.exists()


def test_a_phone_that_puts_several_pictures_in_a_jpeg(tmp_path: Path) -> None:
    first, second = (Image.new("RGB", size, 200) for size in ((40, 30), (20, 10)))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.format == "MPO"
    assert checked_size(tmp_path / "a.jpg") == (40, 30)
    assert load_pixels(tmp_path / "a.jpg").shape == (30, 40, 3)


def test_special_files_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    for name in ("pipe.jpg", "device.jpg", "loop.jpg", f"{'x' * 300}.jpg"):
        for read in (checked_size, load_pixels):
            with pytest.raises(DataError, match=r"\.jpg: (cannot be opened|not a regular file)"):
                read(tmp_path / name)


def test_pillow_says_nothing_of_its_own(tmp_path: Path) -> None:
    """It warns of pictures that are larger than usual, and of odd tags, on the user's screen."""
    Image.new("1", (10_000, 9_000)).save(tmp_path / "a.png")
    code = "import sys, pathlib, dse.data.picture_files as files\n"
    code += "print(files.checked_size(pathlib.Path(sys.argv[1])))"
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.png"], capture_output=True, text=True
    )
    assert (run.stdout, run.stderr) == ("(10000, 9000)\n", "")


def test_numbers_that_are_none_in_a_picture(tmp_path: Path) -> None:
    values = np.full((4, 4), 100, np.float32)
    values[0] = (np.nan, np.inf, -np.inf, 1e30)
    Image.fromarray(values).save(tmp_path / "a.tif")
    with np.errstate(all="raise"):
        assert load_pixels(tmp_path / "a.tif").shape == (4, 4, 3)


def jpeg(**options: bool) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 255, (24, 24, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
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
