"""Weights read back from a file, and files that hold none."""

from pathlib import Path

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
