from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.bundle.flash_package import flash_package
from dse.chips.k210.bundle.reading import (
    box_scale_of,
    made_by,
    packed_file,
    read_bytes,
    read_table,
    table,
)
from dse.errors import DseError

KMODEL = bytes(range(256)) * 10


def packed(package: bytes) -> bytes | None:
    return packed_file(package, "model.kmodel", len(KMODEL))


def zipped(content: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", method) as archive:
        archive.writestr("model.kmodel", content)
    return package.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"3",
        b'{"a":' * 100_000,
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": %s}' % (b"9" * 5000),
        b'{"a": "%s"}' % (b"x" * (1 << 20)),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "table.json").write_bytes(content)
    with pytest.raises(DseError, match=r"table\.json"):
        read_table(tmp_path / "table.json")


@given(st.binary(max_size=60))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    try:
        assert isinstance(table("any.json", content), dict)
    except DseError as error:
        assert "any.json" in str(error)


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.kmodel")
    with pytest.raises(DseError, match=r"model\.kmodel: not a regular file"):
        read_bytes(tmp_path / "model.kmodel")


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "model.tflite").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DseError, match="larger than 64 MiB"):
        read_bytes(tmp_path / "model.tflite")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_packed_file_comes_back(method: int) -> None:
    assert packed(zipped(KMODEL, method)) == packed(flash_package(KMODEL)) == KMODEL


def test_what_is_no_package_holds_no_file() -> None:
    whole = flash_package(KMODEL)
    for content in (b"", b"PK", whole[: len(whole) // 2]):
        assert packed(content) is None
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    assert packed(bytes(damaged)) is None


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packages_that_may_unpack_to_any_size_are_refused(method: int) -> None:
    assert packed(zipped(KMODEL, method)) is None
    assert packed(zipped(KMODEL + b"!")) is None


@given(st.data())
def test_a_damaged_package_is_refused_or_read(draw: st.DataObject) -> None:
    package = bytearray(flash_package(KMODEL))
    for _ in range(draw.draw(st.integers(1, 4))):
        package[draw.draw(st.integers(0, len(package) - 1))] = draw.draw(st.integers(0, 255))
    found = packed(bytes(package))
    assert found is None or len(found) <= len(KMODEL)


@pytest.mark.parametrize("scale", [None, 0, -1, "4", True, float("nan"), float("inf"), 10**400])
def test_a_scale_that_is_none_is_refused(scale: object) -> None:
    with pytest.raises(DseError, match="box_scale"):
        box_scale_of({"box_scale": scale})


def test_files_beside_a_kmodel_say_how_it_was_made(tmp_path: Path) -> None:
    kmodel = tmp_path / "model.kmodel"
    assert made_by(kmodel) == (1.0, None)
    (tmp_path / "detector.json").write_text(json.dumps({"box_scale": 4}))
    (tmp_path / "manifest.json").write_text(json.dumps({"compiled": {"nncase_version": "1.1"}}))
    assert made_by(kmodel) == (4.0, "1.1")
    (tmp_path / "manifest.json").write_text(json.dumps({"compiled": [1]}))
    assert made_by(kmodel) == (4.0, None)


def test_numbers_are_told_as_they_are() -> None:
    found = table("t.json", b'{"a": 18446744073709551615, "b": -1.5e3, "c": [0]}')
    assert found == {"a": 2**64 - 1, "b": -1500.0, "c": [0]}
    with pytest.raises(DseError, match="a number of 5000 digits"):
        table("t.json", b'{"a": %s}' % (b"9" * 5000))


def test_a_pipe_in_place_of_a_table_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "detector.json")
    with pytest.raises(DseError, match=r"detector\.json: not a regular file"):
        made_by(tmp_path / "model.kmodel")
