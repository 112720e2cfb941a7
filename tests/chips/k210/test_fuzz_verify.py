"""A small piece of the campaign of benchmarks/fuzz_verify.py."""

from __future__ import annotations

import importlib
import itertools
import random
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.compiler

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("fuzz_verify")


def test_damaged_bundles_get_a_reason_and_crash_nothing(pristine: Path, fuzz: ModuleType) -> None:
    with fuzz.Campaign(pristine, seed=1, time_limit_s=60) as campaign:
        for number in range(60):
            campaign.case(number, deep=number % 20 == 19, by_command=number == 30)
    found = campaign.report(60)
    assert found["failures"] == []
    assert found["exit_codes"][4] > 30
    assert sum(found["exit_codes"].values()) == 60
    assert {"files", "contents", "compared", "command line"} <= set(found["stages"])
    assert found["children"] >= 3


def test_a_case_is_the_same_every_time(
    pristine: Path, fuzz: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", itertools.count(1e9, 3600).__next__)  # and at any hour
    files = {file.name: file.read_bytes() for file in sorted(pristine.iterdir())}
    for number in range(60):
        deep = number % 3 == 0
        first, second = (fuzz.mutate(files, random.Random(number), deep) for _ in range(2))
        assert first == second
        assert first[1] != files or "table" in first[0] or "bytes" in first[0]
