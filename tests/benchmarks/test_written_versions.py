"""Which networks of a space are written in which version."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from dse.chips.k210.target import K210Target

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("written_versions")


def test_a_line_for_each_breakpoint(script: ModuleType) -> None:
    costs = script.costs_of("mobilenetv2_face", K210Target.load("k210-maixpy-full"))
    lines = [line.split() for line in script.summary(costs).splitlines()[2:]]
    assert [line[:6] for line in lines] == [
        ["A", "32", "24", "0", "0", "8"], ["B", "32", "0", "0", "0", "32"],
        ["C", "32", "0", "0", "0", "32"],
    ]  # fmt: skip
    assert lines[1][6:] == ["-"] and 0 < float(lines[0][6]) < float(lines[0][8]) < 1


def test_every_face_detector_of_the_default_space_is_written_in_both(script: ModuleType) -> None:
    costs = script.costs_of("k210_face", K210Target.load("k210-canmv"))
    assert len(costs) == 42
    for both in costs.values():
        assert not (both[3].unwritten or both[4].unwritten)
        assert both[3].latency_ms < both[4].latency_ms
