"""Weights read back from a file, and files that hold none."""

import io
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dse.errors import WeightsError
from dse.network.weights_file import read_weights, write_weights


def test_half_precision_comes_back_as_float32(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", **{"head/bias": np.array([0.5, -2], np.float16)})  # type: ignore[arg-type]
    found = read_weights(tmp_path / "w.npz", "")
    assert found["head/bias"].dtype == np.float32
    np.testing.assert_array_equal(found["head/bias"], [0.5, -2])


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.npz"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"w\.npz is damaged") as caught:
        read_weights(path, "train it again")
    assert caught.value.hint == "train it again"


def test_a_missing_file_is_called_missing(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="there is no file"):
        read_weights(tmp_path / "w.npz", "")


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    write_weights(path, {"head/bias": np.array([0.5], np.float32)})
    with pytest.raises(ValueError, match="Object arrays"):
        write_weights(path, {"a": np.zeros(9), "b": np.array([{}], object)})
    assert list(tmp_path.iterdir()) == [path]
    np.testing.assert_array_equal(read_weights(path, "")["head/bias"], [0.5])


def _zipped(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def _array(array: object, shape: tuple[int, ...] | None = None) -> bytes:
    """As in an .npz file; its header may claim another `shape`."""
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array))
    content = file.getvalue()
    if shape is None:
        return content
    header = np.lib.format.header_data_from_array_1_0(np.asarray(array))
    claimed = io.BytesIO()
    np.lib.format.write_array_header_1_0(claimed, {**header, "shape": shape})
    return claimed.getvalue() + content[128:]


@pytest.mark.parametrize("shape", [(1 << 40,), (1 << 33, 1 << 33), (-1,), (2,), (0,), (True,)])
def test_a_header_that_claims_another_size_is_refused(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    """Terabytes are not asked for, and nothing is read beyond what is there."""
    path = _zipped(tmp_path / "w.npz", {"a.npy": _array(np.zeros(3, np.float32), shape)})
    with pytest.raises(WeightsError, match=r"w\.npz is damaged"):
        read_weights(path, "")


@pytest.mark.slow
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    zeros = _array(np.zeros(1 << 22, np.float32))
    bomb = _zipped(tmp_path / "w.npz", {f"{n}.npy": zeros for n in range(33)}, zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(WeightsError, match=r"claims 33 arrays of 553,\d+,\d+ bytes"):
        read_weights(bomb, "")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_without_a_limit_is_refused(tmp_path: Path, method: int) -> None:
    path = _zipped(tmp_path / "w.npz", {"a.npy": _array(np.zeros(3))}, method)
    with pytest.raises(WeightsError, match="packed in a way"):
        read_weights(path, "")


def test_a_header_that_ends_in_the_middle_is_refused(tmp_path: Path) -> None:
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (3L,"  # read on by tokens
    header = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    path = _zipped(tmp_path / "w.npz", {"a.npy": header + bytes(12)})
    with pytest.raises(WeightsError, match="header is not to be understood"):
        read_weights(path, "")


def test_what_must_be_unpickled_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array([print], object))
    with pytest.raises(WeightsError, match="of object"):
        read_weights(tmp_path / "w.npz", "")


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e300])
def test_numbers_that_are_none_in_float32_are_refused(tmp_path: Path, number: float) -> None:
    bad: dict[str, Any] = {"bad\x1b[2J": np.array([1.0, number])}
    np.savez(tmp_path / "w.npz", **bad)
    with pytest.raises(WeightsError, match=r"bad\\x1b\[2J holds what is no number"):
        read_weights(tmp_path / "w.npz", "")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.npz")
    with pytest.raises(WeightsError, match="not a regular file"):
        read_weights(tmp_path / "w.npz", "")


def test_arrays_of_every_order_and_rank_come_back(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "s": np.float32(3),
        "e": np.zeros((0, 2)),
    }
    np.savez_compressed(tmp_path / "w.npz", **arrays)
    found = read_weights(tmp_path / "w.npz", "")
    assert all(np.array_equal(found[name], array) for name, array in arrays.items())
