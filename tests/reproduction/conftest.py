"""Reproductions with trainings that take milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dse.reproduction import ReproductionOptions


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Where fake trainings write what they worked on."""
    return tmp_path / "trace"


@pytest.fixture
def options(tmp_path: Path) -> Callable[..., ReproductionOptions]:
    """Options of a quick reproduction in this process, with changes."""

    def make(**changes: object) -> ReproductionOptions:
        settings: dict[str, object] = {
            "tables": ("I", "II", "III"),
            "data": "synthetic:8",
            "input_size": 96,
            "pyramid": False,
            "results": tmp_path / "results",
            "executor": "inline",
        }
        return ReproductionOptions(**{**settings, **changes})  # type: ignore[arg-type]

    return make
