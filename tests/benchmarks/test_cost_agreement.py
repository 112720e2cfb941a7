"""A sample of the differential test: random networks, predicted and compiled."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from dse.chips import load_target

pytestmark = pytest.mark.compiler

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("cost_agreement")


@pytest.mark.parametrize("family", ["mobilenet", "plain", "residual", "branched"])
def test_predicted_is_compiled(family: str, script: ModuleType) -> None:
    """Seeds that neither the development of the rules nor the published figures used."""
    target = load_target("k210")
    for seed in range(900, 904):
        row = script.compare(family, seed, target)
        assert row["verdict_equal"], row
        assert row["found"] in ("equal", "of another range"), row
