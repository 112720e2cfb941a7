from __future__ import annotations

from pathlib import Path

import pytest

from dse.chips import registry
from dse.chips.registry import chip, chip_of_file
from dse.errors import UnknownName


def test_a_file_of_nobody_is_nobodys(tmp_path: Path) -> None:
    """Chips that have no files of their own do not take it."""
    path = tmp_path / "notes.txt"
    path.write_text("none of theirs")
    assert any(not chip(name).bundled_file for name in registry.CHIPS)
    assert chip_of_file(path) is None


def test_a_bundle_is_known_by_what_lies_in_it(tmp_path: Path) -> None:
    assert chip_of_file(tmp_path) is None
    (tmp_path / "model.kmodel").write_bytes(b"")
    assert chip_of_file(tmp_path) is chip("k210")


def test_an_unknown_chip_is_guessed_at() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'ethos_u'"):
        chip("ethosu")
