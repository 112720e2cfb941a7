from __future__ import annotations

from pathlib import Path

import pytest

from dse.chips.k210.compiler.tflite import random_tflite
from dse.errors import InvalidFile
from dse.network.network_files import NETWORK_SUFFIXES, is_network_file, read_network
from tests.chips.networks import chain, conv


@pytest.mark.parametrize("name", ["a.tflite", "A.TFLITE", "b.h5", "c.Keras"])
def test_files_are_known_by_their_ending(name: str) -> None:
    assert is_network_file(name)
    assert not is_network_file(f"{name}.zip")


def test_tensorflow_lite_is_read_as_it_is(tmp_path: Path) -> None:
    content = random_tflite(chain((16, 16, 3), conv("a", 4)), seed=0)
    path = tmp_path / "Own.TfLite"
    path.write_bytes(content)
    found = read_network(path)
    assert (found.content, found.kind, found.notes) == (content, "tflite", ())
    assert found.graph["a"].shape == (16, 16, 4)


@pytest.mark.parametrize("suffix", NETWORK_SUFFIXES)
def test_a_missing_file_is_said(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="No such file"):
        read_network(tmp_path / f"none{suffix}")
