from __future__ import annotations

import subprocess
import sys

import pytest

import dse.chips.k210


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        "import dse.chips.k210",
        "from dse.chips.k210 import compiler_version, parse_kmodel",
        "from dse.chips.k210 import compile_kmodel",
    ],
)
def test_what_needs_no_tensorflow_loads_none(statement: str) -> None:
    script = (
        f"import sys; {statement}; print({{'tensorflow', 'keras', 'nncase'}} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"


@pytest.mark.slow
def test_every_public_name_exists() -> None:
    assert dse.chips.k210.__all__ == sorted(dse.chips.k210.__all__)
    for name in dse.chips.k210.__all__:
        assert getattr(dse.chips.k210, name).__name__ == name


def test_other_names_do_not() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = dse.chips.k210.nothing
