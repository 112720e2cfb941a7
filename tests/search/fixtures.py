"""A space small enough to be priced in a moment, and studies made from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
    return partial(quick_options, tmp_path, space=str(small_space))


def quick_options(folder: Path, **changes: object) -> SearchOptions:
    """Options of a quick search in this process, whose results lie in `folder`, with changes."""
    settings: dict[str, object] = {
        "results": folder / "results",
        "executor": "inline",
        "proposer": "random",
        "early_stopping": False,
        "budget": 4,
    }
    return SearchOptions(**{**settings, **changes})  # type: ignore[arg-type]
