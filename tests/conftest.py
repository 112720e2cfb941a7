"""Fixtures that several rooms share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from dse.cost import Target
from dse.search.options import SearchOptions
from dse.search.provenance import make_settings
from dse.search.ray_executor import SETTINGS
from dse.search.settings import PICTURES, StudySettings
from dse.space import SearchSpace

# Ray reads them when a test module imports it. Its workers would give way to the tests beside them.
os.environ.update({**SETTINGS, "RAY_worker_niceness": "0"})
settings.register_profile(  # a busy machine is no failure
    "dse", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("dse")

ROOT = Path(__file__).resolve().parent.parent
BESIDE = ROOT.parent / "shared"


def _folder(variable: str, default: Path) -> Path:
    folder = Path(os.environ.get(variable, default))
    if not folder.exists():
        pytest.skip(f"{variable} names no folder: this test needs files that are not distributed")
    return folder


@pytest.fixture(scope="session")
def study_settings() -> Callable[..., StudySettings]:
    """Settings of a study that was never run, of a `space` and `target` by name, with options."""

    def make(space: str = "k210_face", target: str = "k210", **options: Any) -> StudySettings:
        pictures = {"source": "fake:pictures", "checksum": "same"}
        about: dict[str, Any] = {part: pictures for part in PICTURES}
        about["starting_weights"] = {"source": "fake"}
        chosen = SearchOptions(space=space, target=target, **options).with_defaults()
        return make_settings(chosen, SearchSpace.load(space), Target.load(target), about)

    return make


@pytest.fixture(scope="session")
def photographs() -> Path:
    """A folder with `faces/` (WIDER FACE layout) and `fddb/` (FDDB layout)."""
    return _folder("DSE_PHOTOGRAPHS", BESIDE / "data")


@pytest.fixture(scope="session")
def k210_grid() -> Path:
    """Networks compiled with nncase 1.9.0: sizes, memory and graph of each, as JSON."""
    return _folder("DSE_K210_GRID", BESIDE / "k210" / "grid_nncase190.json")


@pytest.fixture(scope="session")
def k210_timings() -> Path:
    """Times of 24 layers of one network that a chip printed, with their shapes, as JSON."""
    return _folder("DSE_K210_TIMINGS", BESIDE / "k210" / "layer_timings.json")
