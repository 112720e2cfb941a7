"""Environments for other compilers, with a script in uv's place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dse.chips.environments import environment
from dse.errors import CompilerError
from tests.chips.fake_uv import FAKE_UV


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("UV", str(tmp_path / "uv"))
    return tmp_path / "cache" / "dse"


def fake_uv(tmp_path: Path, end: str = "exit 0", check: int = 0) -> Path:
    """The file in which it logs its calls."""
    log, script = tmp_path / "calls", tmp_path / "uv"
    script.write_text(FAKE_UV.format(log=log, end=end, check=check))
    script.chmod(0o755)
    return log


def made() -> Path:
    return environment("tool", "the-tool", "1.2.3", "import tool", "ask elsewhere")


def test_one_is_made_once_with_our_numpy(tmp_path: Path, cache: Path) -> None:
    log = fake_uv(tmp_path)
    python = made()
    assert python == cache / "tool-1.2.3" / "bin" / "python" and python.exists()
    assert f"the-tool==1.2.3 numpy=={np.__version__}" in log.read_text()
    log.unlink()
    assert made() == python and not log.exists()
    assert [entry.name for entry in cache.iterdir()] == ["tool-1.2.3"]


def test_one_whose_interpreter_is_gone_is_made_again(tmp_path: Path, cache: Path) -> None:
    fake_uv(tmp_path)
    made().unlink()
    assert made().exists()


@pytest.mark.parametrize(
    ("end", "check", "words"),
    [
        ('[ "$1" = pip ] && echo "no route to host" && exit 2; exit 0', 0, "no route to host"),
        ("exit 0", 7, "ended with code 7"),  # installed, and not sound
    ],
)
def test_what_fails_says_why_and_leaves_nothing(
    end: str, check: int, words: str, tmp_path: Path, cache: Path
) -> None:
    fake_uv(tmp_path, end, check)
    with pytest.raises(CompilerError, match=f"tool 1.2.3 cannot be installed.*{words}") as caught:
        made()
    assert caught.value.hint == "ask elsewhere"
    assert not list(cache.iterdir())
