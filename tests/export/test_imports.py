from __future__ import annotations

import subprocess
import sys

import pytest

import dse.export


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        "import dse.export",
        "from dse.export import compiler_version, parse_kmodel",
        "from dse.export import compile_kmodel",
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
    assert dse.export.__all__ == sorted(dse.export.__all__)
    for name in dse.export.__all__:
        assert getattr(dse.export, name).__name__ == name


def test_other_names_do_not() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = dse.export.nothing
