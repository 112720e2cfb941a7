"""The 25 sizes and their file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dse import resources
from dse.detection.canonical_boxes import canonical_boxes
from dse.errors import InvalidFile


def test_first_and_last_agree_with_the_published_templates() -> None:
    sizes = canonical_boxes()
    assert len(sizes) == 25
    largest = (2 * 86.3382352941177 / 0.5, 2 * 113.444117647059 / 0.5)
    np.testing.assert_allclose(sizes[0], largest, rtol=1e-7)
    np.testing.assert_allclose(sizes[24], (9.66129999999998, 10.6161), rtol=1e-7)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10,12\n" * 24, "24 boxes, not 25"),
        ("10,12\n" * 3 + "10;12\n", ":4: expected"),
        ("10,12\n" * 2 + "0,12\n", ":3: a size must be above 0"),
        ("10,nan\n", ":1: a size must be above 0"),
    ],
)
def test_a_damaged_file_is_refused(
    text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "canonical_boxes.csv").write_text(text)
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path)
    with pytest.raises(InvalidFile, match=why):
        canonical_boxes()


def test_a_missing_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path)
    with pytest.raises(InvalidFile, match="cannot be read"):
        canonical_boxes()
