"""A space small enough to be priced in a moment, and studies made from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dse.search import SearchOptions

SMALL_SPACE = """\
breakpoint   = ["A", "B"]
frozen_until = [63, 98]
width        = [0.35, 0.5]
input_size   = [96, 320]
format       = ["kpu8", "FP32"]
"""


@pytest.fixture()
def small_space(tmp_path: Path) -> Path:
    """16 trainings; those at 320 pixels do not fit the K210."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL_SPACE)
    return path


@pytest.fixture()
def options(tmp_path: Path, small_space: Path) -> Callable[..., SearchOptions]:
    """Options of a quick search in this process, with changes."""

    def make(**changes: object) -> SearchOptions:
        settings: dict[str, object] = {
            "space": str(small_space),
            "results": tmp_path / "results",
            "executor": "inline",
            "proposer": "random",
            "early_stopping": False,
            "budget": 4,
        }
        return SearchOptions(**{**settings, **changes})  # type: ignore[arg-type]

    return make
