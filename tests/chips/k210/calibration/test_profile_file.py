"""A profile says what moved, loads as a target, and overwrites nobody's file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dse.chips.k210.calibration.profile_file import profile_text
from dse.chips.k210.calibration.refit import Refit
from dse.chips.k210.target import K210Target
from dse.chips.profiles import write_profile
from dse.errors import UsageError

CHANGED: dict[str, Any] = {
    "kpu_cycles_per_pair_line": 1.518,
    "kpu_cycles_per_convolution": 123400.0,
    "kpu_time_factor_high": 1.25,
    "cpu_cycles_per_quantized_element": (4.0, 8.5, 12.0),
}


def refit(**changed: Any) -> Refit:
    target = K210Target.load("k210")
    after = replace(target, **changed)
    return Refit(target, after, tuple(changed), dict.fromkeys(changed, 3), ())


def test_what_is_written_is_what_is_loaded(tmp_path: Path) -> None:
    found = refit(**CHANGED)
    path = tmp_path / "mine.toml"
    write_profile(path, profile_text(found, "k210", "board.log", 7))
    loaded = K210Target.load(str(path))
    assert replace(found.after, name="mine", title=loaded.title) == loaded
    assert "calibrated" in loaded.title


def test_only_changed_keys_with_where_they_come_from() -> None:
    lines = profile_text(refit(**CHANGED), "k210", "board.log", 7).splitlines()
    keys = [line.split(" = ")[0] for line in lines if " = " in line]
    assert keys == ["extends", "title", *CHANGED]
    assert any("board.log, 3 of 7 times; was 1.012" in line for line in lines)
    assert 'extends = "k210"' in lines


@pytest.mark.parametrize("log", ['a"b.log', "a\nkpu_clock_hz = 1.log", "ü\x7f\x1b.log"])
def test_a_strange_log_name_breaks_nothing(tmp_path: Path, log: str) -> None:
    path = tmp_path / "mine.toml"
    write_profile(path, profile_text(refit(**CHANGED), "k210", log, 7))
    assert K210Target.load(str(path)).kpu_clock_hz == 400_000_000


def test_a_target_of_ones_own_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_text('extends = "k210"\ncpu_clock_hz = 500000000\n')
    monkeypatch.chdir(tmp_path)
    text = profile_text(refit(**CHANGED), "own.toml", "board.log", 7)
    monkeypatch.chdir("/")
    write_profile(tmp_path / "mine.toml", text)
    assert K210Target.load(str(tmp_path / "mine.toml")).cpu_clock_hz == 500_000_000


def test_nobody_elses_file_is_overwritten(tmp_path: Path) -> None:
    path, text = tmp_path / "mine.toml", profile_text(refit(**CHANGED), "k210", "board.log", 7)
    path.write_text("# by hand\n")
    with pytest.raises(UsageError, match="not written by"):
        write_profile(path, text)
    assert path.read_text() == "# by hand\n"
    write_profile(path, text, force=True)
    write_profile(path, text)
    assert path.read_text() == text


@pytest.mark.parametrize("name", ["mine.txt", "mine"])
def test_a_place_where_no_target_is_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        write_profile(tmp_path / name, "")
    assert not list(tmp_path.iterdir())
