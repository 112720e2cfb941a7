"""Text, numbers and paths of annotations: believed as far as they are sound."""

from __future__ import annotations

import math
import os
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dse.data.foreign import (
    LARGEST_NUMBER,
    content,
    excerpt,
    inside,
    is_there,
    lines,
    number,
    numbers,
    whole_number,
)
from dse.errors import DataError


@pytest.mark.parametrize(("text", "value"), [("12", 12), ("-0.5", -0.5), ("1e3", 1000), (" 7 ", 7)])
def test_numbers(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-infinity", "1e400", "1e308", "9" * 5000])
def test_what_is_no_sensible_number(text: str) -> None:
    assert number(text) is None


@given(st.text(max_size=12))
@settings(max_examples=60)
def test_a_number_is_finite_and_small(text: str) -> None:
    value = number(text)
    assert value is None or (math.isfinite(value) and abs(value) <= LARGEST_NUMBER)


def test_one_that_is_none_among_numbers() -> None:
    assert numbers(["5", "-6.5"]) == [5, -6.5]
    assert numbers([]) == []
    assert numbers(["-6e8", "6e8"]) is None
    for text in ("nan", "inf", "1e10", "x"):
        assert numbers(["5", text]) is None
        assert numbers([text, "5"]) is None


@pytest.mark.parametrize("text", ["", "-1", "1.0", "²", "٣", "1_0", "9" * 16, "9" * 5000])
def test_what_is_no_sensible_count(text: str) -> None:
    assert whole_number(text) is None


def test_counts() -> None:
    assert (whole_number("0"), whole_number("007"), whole_number("12880")) == (0, 7, 12880)


PARTS = st.lists(st.sampled_from(["..", ".", "a", "b", "", "data", "..a"]), max_size=6)


@given(PARTS, st.booleans())
@example(["..", "data", "a"], False)
@settings(max_examples=200, deadline=None)
def test_no_path_leads_out(parts: list[str], from_the_root: bool) -> None:
    folder = Path("/somewhere/data")
    name = ("/somewhere/data/" if from_the_root else "") + "/".join(parts)
    end = os.path.normpath(os.path.join(folder, name))
    try:
        path = inside(folder, name)
    except DataError as error:
        assert not f"{end}/".startswith("/somewhere/data/")
        assert "outside the data folder" in str(error)
    else:
        assert os.path.normpath(path) == end
        assert path.is_relative_to(folder) and ".." not in path.parts
        assert f"{end}/".startswith("/somewhere/data/")


def test_absolute_paths_of_a_folder_named_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    for folder in (Path("real"), Path("link")):
        assert inside(folder, f"{tmp_path}/real/a.jpg") == folder / "a.jpg"
    assert inside(Path("link"), f"{tmp_path}/link/a.jpg") == Path("link/a.jpg")
    with pytest.raises(DataError, match="outside the data folder"):
        inside(Path("real"), f"{tmp_path}/real2/a.jpg")


def test_names_of_old_archives_are_kept(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"\xef\xbb\xbfcaf\xe9.jpg\r\nplain\n")
    first, second = lines(tmp_path / "list")
    assert os.fsencode(first) == b"caf\xe9.jpg"
    assert second == "plain"


def test_text_of_windows_editor(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes("a\r\nb".encode("utf-16"))
    assert lines(tmp_path / "list") == ["a", "b"]


@pytest.mark.parametrize("text", [b"a\0b", "names".encode("utf-16-le")])
def test_what_is_no_text(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "list").write_bytes(text)
    with pytest.raises(DataError, match="it is no text"):
        lines(tmp_path / "list")


def test_no_more_is_read_than_allowed(tmp_path: Path) -> None:
    (tmp_path / "list").touch()
    os.truncate(tmp_path / "list", 200 << 20)
    with pytest.raises(DataError, match="larger than 1 MiB"):
        lines(tmp_path / "list")


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "zero", tmp_path):
        with pytest.raises(DataError, match="not a regular file") as caught:
            content(path, 10)
        assert caught.value.hint


def test_what_is_there(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "file").touch()
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{short}/s")
        assert is_there(Path(short) / "s")
    for name in ("pipe", "dangling", "file"):
        assert is_there(tmp_path / name)
    assert is_there(tmp_path / ("x" * 300))  # reading it says why not
    assert not is_there(tmp_path / "missing")
    assert not is_there(tmp_path / "file" / "below")


@given(st.text())
@example("\x1b[2J\n" * 100)
@example("x" * 10_000_000)
@example("caf\udce9")
@settings(max_examples=60)
def test_excerpts_are_short_and_fit_to_print(text: str) -> None:
    shown = excerpt(text)
    assert shown.isprintable()
    assert len(shown) < 1000
    if text.isprintable() and len(text) <= 80:
        assert shown == text
    else:
        assert shown != text
