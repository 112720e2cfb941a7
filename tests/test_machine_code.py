"""Machine code is kept where that can be; where it cannot, it is made anew and nothing fails."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from numba.core import config

from tests.process_limits import no_file_larger_than

SOURCE = """
from dse.machine_code import compiled

@compiled
def double(x):
    return 2 * x
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def double(tmp_path: Path) -> Callable[[], Callable[[int], int]]:
    """Imports the function anew, as the next process does."""

    def load() -> Callable[[int], int]:
        path = tmp_path / "loops.py"
        path.write_text(SOURCE)
        spec = importlib.util.spec_from_file_location("loops", path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found: Callable[[int], int] = module.double
        return found

    return load


def kept(cache: Path) -> list[Path]:
    return [file for file in cache.rglob("*.nb?") if file.stat().st_size]


def test_it_is_kept_for_the_next_process(
    cache: Path, double: Callable[[], Callable[[int], int]]
) -> None:
    assert double()(21) == 42
    files = {file: file.stat().st_mtime_ns for file in kept(cache)}
    assert len(files) == 2
    again = double()
    assert again(21) == 42
    assert sum(again.stats.cache_hits.values()) == 1  # type: ignore[attr-defined]
    assert {file: file.stat().st_mtime_ns for file in kept(cache)} == files


def test_without_a_folder_that_can_be_written(
    cache: Path,
    tmp_path: Path,
    double: Callable[[], Callable[[int], int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("cache", "__pycache__", "home"):
        (tmp_path / name).write_text("a file is in the way")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert double()(21) == 42


def test_on_a_full_disk(cache: Path, double: Callable[[], Callable[[int], int]]) -> None:
    function = double()
    with no_file_larger_than(0):
        assert function(21) == 42
    assert not kept(cache)


def test_a_file_that_a_power_cut_left_empty_is_made_anew(
    cache: Path, double: Callable[[], Callable[[int], int]]
) -> None:
    double()(21)
    for file in kept(cache):
        file.write_bytes(b"")
    assert double()(21) == 42
    assert len(kept(cache)) == 2
