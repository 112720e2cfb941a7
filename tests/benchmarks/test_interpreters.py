"""A program that runs kmodels, and what is said of it where it differs from the emulator."""

from __future__ import annotations

import importlib
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

PICTURES = np.arange(12, dtype=np.uint8).reshape(2, 1, 2, 3)

DOUBLES = "numbers.astype('<f4') * 2"


@pytest.fixture
def interpreters(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("interpreters")


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes one whose outputs are an expression of `numbers`, then does what follows."""

    def write(outputs: str, then: str) -> Path:
        path = tmp_path / "program"
        path.write_text(
            f"#!{sys.executable}\nimport sys\nimport numpy as np\n"
            f"assert open(sys.argv[1], 'rb').read() == b'a kmodel'\n"
            f"numbers = np.fromfile(sys.argv[2], 'u1')\n({outputs}).tofile(sys.argv[3])\n{then}\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


def said(interpreters: ModuleType, path: Path) -> str:
    doubled = PICTURES.astype(np.float32) * 2
    found = interpreters.difference(
        path, b"a kmodel", PICTURES, [doubled[:, :, 0], doubled[:, :, 1]]
    )
    return str(found)


def test_nothing_is_said_of_a_program_that_agrees(
    interpreters: ModuleType, program: Callable[[str, str], Path]
) -> None:
    assert said(interpreters, program(DOUBLES, "")) == ""


@pytest.mark.parametrize(
    ("outputs", "then", "wanted"),
    [
        (f"{DOUBLES} + (numbers == 9)", "", "picture 1: 1 of 6 numbers"),
        (f"({DOUBLES})[1:]", "", "picture 0: 5 numbers, not 6"),
        (DOUBLES, "sys.exit('written behind its memory')", "exit code 1: written behind its"),
        (DOUBLES, "print('a warning', file=sys.stderr)", "exit code 0: a warning"),
    ],
)
def test_what_differs_is_said(
    interpreters: ModuleType,
    program: Callable[[str, str], Path],
    outputs: str,
    then: str,
    wanted: str,
) -> None:
    assert wanted in said(interpreters, program(outputs, then))
