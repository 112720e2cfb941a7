"""Fixtures that several rooms share, and which tests are quick.

`pytest -m quick` runs what has none of the markers `slow`, `ray`, `compiler` and `browser`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from dse.chips import load_target
from dse.data.pictures import DataSet, Picture
from dse.search import SearchRequest
from dse.space import SearchSpace
from dse.study.provenance import make_settings
from dse.study.settings import PICTURES, StudySettings
from dse.workers.ray_executor import SETTINGS

# Ray reads them when a test module imports it. Its workers would give way to the tests beside them.
os.environ.update({**SETTINGS, "RAY_worker_niceness": "0"})
settings.register_profile(  # a busy machine is no failure
    "dse", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("dse")

NOT_QUICK = ("slow", "ray", "compiler", "browser")
MARKED_MODULE = re.compile(rf"^pytestmark = .*\bmark\.({'|'.join(NOT_QUICK)})\b", re.MULTILINE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who asks for a browser is marked so; whatever has no marker of ours is quick."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if not any(item.get_closest_marker(name) for name in NOT_QUICK):
            item.add_marker("quick")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """For the quick tests, a module without any is not imported: TensorFlow takes seconds."""
    if config.option.markexpr != "quick" or collection_path.suffix != ".py":
        return None
    return True if MARKED_MODULE.search(collection_path.read_text(encoding="utf-8")) else None


pytest_plugins = ["tests.search.fixtures"]

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
        chosen = SearchRequest(space=space, target=target, **options).settings()
        return make_settings(chosen, SearchSpace.load(space), load_target(target), about)

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


@pytest.fixture(scope="session")
def public_kmodels() -> Path:
    """Kmodels of versions 3 and 4 that others published, and what firmwares make of them."""
    return _folder("DSE_PUBLIC_KMODELS", BESIDE / "k210" / "kmodels")


def _pattern(number: int) -> Picture:
    rng = np.random.default_rng(number)
    pixels = rng.integers(90, 130, (96, 96, 3)).astype(np.uint8)
    side = int(rng.integers(24, 48))
    x, y = rng.integers(0, 96 - side, 2)
    pixels[y : y + side, x : x + side] = 230
    pixels[y + side // 3 : y + side // 2, x + side // 4 : x + 3 * side // 4] = 20
    box = np.array([[x, y, x + side, y + side]], np.float32)
    return Picture(f"pattern {number}", box, lambda: pixels)


@pytest.fixture(scope="session")
def patterns() -> DataSet:
    """48 pictures of 96 x 96 pixels with one plain pattern each: enough to train on in a second."""
    return DataSet("patterns", tuple(_pattern(number) for number in range(48)))
