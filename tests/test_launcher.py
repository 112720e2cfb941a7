"""Hints can be typed where they are read, however the program was started."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dse import launcher
from dse.launcher import typed


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """The launcher is found out once a process."""
    launcher._launcher.cache_clear()
    yield
    launcher._launcher.cache_clear()


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_under_uv_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uv = program(tmp_path / "bin" / "uv")
    monkeypatch.delenv("UV_INTERNAL__PARENT_INTERPRETER", raising=False)
    monkeypatch.setenv("UV", str(uv))
    monkeypatch.setenv("PATH", str(uv.parent))
    assert typed("search") == "uv run dse search"
    launcher._launcher.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))  # an alias, say, which no program can see
    assert typed("search") == f"{uv} run dse search"


def test_a_uv_inside_this_environment_is_not_what_the_caller_can_type(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    uv = program(tmp_path / "env" / "bin" / "uv")
    monkeypatch.delenv("UV_INTERNAL__PARENT_INTERPRETER", raising=False)
    monkeypatch.setattr(sys, "executable", str(uv.parent / "python"))
    monkeypatch.setenv("UV", "/elsewhere/uv")
    monkeypatch.setenv("PATH", os.pathsep.join([str(uv.parent), str(tmp_path)]))
    assert typed("list") == "/elsewhere/uv run dse list"


def test_under_python_m_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", "/usr/local/bin/uv")
    monkeypatch.setenv("UV_INTERNAL__PARENT_INTERPRETER", "/usr/bin/python3")
    assert typed("list") == "python3 -m uv run dse list"


def test_without_uv_the_name_alone_where_it_is_this_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UV", raising=False)
    ours = program(tmp_path / "bin" / "dse")
    monkeypatch.setattr(sys, "executable", str(ours.parent / "python"))
    monkeypatch.setenv("PATH", str(ours.parent))
    assert shutil.which("dse") == str(ours)
    assert typed("export best") == "dse export best"
    launcher._launcher.cache_clear()
    monkeypatch.setenv("PATH", str(program(tmp_path / "other" / "dse").parent))
    assert typed("export best") == f"{ours.parent / 'python'} -m dse export best"
