"""What importing the package costs, and what it offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dse.search


@pytest.mark.slow
def test_importing_the_search_loads_nothing_heavy() -> None:
    script = (
        "import sys, dse.search\n"
        "from dse.search import find_study, load_study, run_search\n"
        "heavy = {'ray', 'tensorflow', 'keras', 'plotly', 'nncase', 'optuna', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_public_names_exist_and_are_sorted() -> None:
    assert dse.search.__all__ == sorted(dse.search.__all__)
    for name in dse.search.__all__:
        assert getattr(dse.search, name).__name__ == name
    with pytest.raises(AttributeError):
        dse.search.nonsense  # noqa: B018
