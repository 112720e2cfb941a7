"""Data files are found by name, and a user's own by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse import resources
from dse.errors import UnknownName


def test_shipped_files_are_known_by_name() -> None:
    assert {"mobilenetv2_face", "paper"} <= set(resources.names("search_spaces"))
    assert resources.find("constraints", "k210", "target").is_file()


def test_a_path_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.touch()
    assert resources.find("constraints", str(own), "target") == own


@pytest.mark.parametrize("name", ["k21", "missing.toml", "../k210", ""])
def test_anything_else_is_unknown(name: str) -> None:
    with pytest.raises(UnknownName):
        resources.find("constraints", name, "target")
