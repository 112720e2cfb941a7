"""Draws survive the file, and what is none is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from dse.errors import InvalidFile
from dse.study.resampled import RESAMPLED, read_resampled, write_resampled


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_resampled(tmp_path) is None
    write_resampled(tmp_path, [0.5, math.nan, 1.0, 0.1234567])
    found = read_resampled(tmp_path)
    assert found is not None
    np.testing.assert_array_equal(found, [0.5, math.nan, 1.0, 0.123457])


@pytest.mark.parametrize(
    "text", ["", "ap\n", "ap\nfour\n", "ap\n1.5\n", "ap\n-inf\n", "loss\n0.5\n", "ap\n0.5,0.6\n"]
)
def test_what_is_no_list_of_ap_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / RESAMPLED).write_text(text)
    with pytest.raises(InvalidFile, match="no list of AP") as caught:
        read_resampled(tmp_path)
    assert "delete it" in caught.value.hint
