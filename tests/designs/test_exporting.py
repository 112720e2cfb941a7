"""What cannot be exported is said before pictures are opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.designs import exporting
from dse.errors import UsageError

pytestmark = pytest.mark.slow


def test_a_format_that_the_chip_does_not_run_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "price_candidate", None)
    with pytest.raises(UsageError, match="P5-a1-256-FP32 does not run on the chip") as caught:
        exporting.export_design("P5-a1-256-FP32", results=tmp_path)
    assert caught.value.hint == "export P5-a1-256-kpu8"


def test_the_usual_place_is_looked_at_before_pictures_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "price_candidate", None)
    place = tmp_path / "export" / "P5-a1-256-kpu8"
    place.mkdir(parents=True)
    (place / "mine.txt").touch()
    with pytest.raises(UsageError, match="exists and is no bundle"):
        exporting.export_design("P5-a1-256", results=tmp_path)
