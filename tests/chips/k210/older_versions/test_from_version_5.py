"""Kmodels of version 5, as nncase compiles them, rewritten: the same levels, to the bit."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from dse.chips.k210.older_versions import rewritten
from dse.errors import CompilerError, VerificationFailed

BENCHMARKS = Path(__file__).parents[4] / "benchmarks"

NETWORKS = (
    ("mobilenet", 2378, {3: "refused", 4: "equal"}),  # odd sides, residual
    ("mobilenet", 2384, {3: "refused", 4: "equal"}),  # residual, no square, odd below
    ("residual", 2, {3: "equal", 4: "equal"}),
    ("plain", 4, {3: "equal", 4: "equal"}),
    ("plain", 5, {3: "refused", 4: "equal"}),  # every second pixel taken on the CPU
    ("plain", 3, {3: "refused", 4: "refused"}),  # a pool on the CPU
)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("older_versions")


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.parametrize(("family", "seed", "wanted"), NETWORKS)
def test_levels_are_those_of_version_5(
    family: str, seed: int, wanted: dict[int, str], script: ModuleType
) -> None:
    rows = script.compare(family, seed, {})
    assert {row["version"]: row["found"] for row in rows} == wanted, rows
    assert all(row["priced"] for row in rows), rows


def test_another_version_is_not_written() -> None:
    with pytest.raises(CompilerError, match="version 6 is not written"):
        rewritten(b"", 6)


def test_what_is_no_kmodel_is_refused() -> None:
    with pytest.raises(VerificationFailed):
        rewritten(b"LDMK\5\0\0\0", 4)
