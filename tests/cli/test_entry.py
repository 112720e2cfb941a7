"""The command line and its streams: full, closed, without a reader, without our signs.

Every case is a process of its own, because only then is there an end at which Python flushes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from dse import cli
from dse.errors import Interrupted

FITS = ("check", "A98-a0.5-224-kpu8")
LONG = ("explain", "--json", "A98-a0.5-224-kpu8")


def dse(redirections: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`dse ARGUMENTS REDIRECTIONS` in a shell."""
    command = ["sh", "-c", f'exec "$@" {redirections}', "sh", sys.executable, "-m", "dse"]
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, env={**os.environ, **more}
    )


@pytest.mark.parametrize("arguments", [FITS, LONG, ("--help",), ("search", "--help")])
def test_results_on_a_full_disk_end_with_one_sentence(arguments: tuple[str, ...]) -> None:
    done = dse(">/dev/full", *arguments)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "dse: standard output cannot be written: No space left on device",
        "     make room on that disk, or name another place",
    ]


@pytest.mark.parametrize("arguments", [FITS, LONG])
def test_closed_results_are_nobodys_loss(arguments: tuple[str, ...]) -> None:
    done = dse(">&-", *arguments)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "<&- 2>&-", ">&- 2>&-"])
def test_messages_that_nobody_gets_change_no_exit_code(redirection: str) -> None:
    assert dse(redirection, "check", "nonsense").returncode == 2
    assert dse(redirection, "check", "--nonsense").returncode == 2
    assert dse(redirection, *FITS).returncode == 0


def test_all_streams_full() -> None:
    assert dse(">/dev/full 2>/dev/full", *FITS).returncode == 1


@pytest.mark.parametrize(("arguments", "code"), [(FITS, 0), (LONG, 0), (("check", "nonsense"), 2)])
def test_a_reader_that_has_seen_enough_is_no_error(arguments: tuple[str, ...], code: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "dse", *arguments]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.returncode == code
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.parametrize("name", ["schön", "a\udce9b", "\x1b[2J\x9b\n猫\u202e"])
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_names_are_printed_whatever_the_terminal_knows(name: str, encoding: str) -> None:
    done = dse("", "check", name, PYTHONIOENCODING=encoding)
    assert done.returncode == 2
    message, hint = done.stderr.splitlines()
    assert message.isprintable() and "names no design" in message
    assert hint.startswith("     ")


def test_versions_are_a_result() -> None:
    done = dse("", "--version")
    assert done.returncode == 0 and done.stderr == ""
    assert re.fullmatch(r"dse \d\S+ \(python 3\.\S+, nncase \S+\)\n", done.stdout)


def test_no_command_shows_what_there_is() -> None:
    done = dse("")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout == dse("", "--help").stdout and "search" in done.stdout


def test_a_mistyped_command_moves_no_cursor() -> None:
    done = dse("", "check", "A98-a0.5-224-kpu8", "--sp\x1b[2J")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (PermissionError(13, "Permission denied", "no\x1bway"), 1, r"dse: no\x1bway cannot be"),
        (OSError("said by a library"), 1, "said by a library"),
        (MemoryError(), 1, "not enough memory"),
        (KeyboardInterrupt(), Interrupted.exit_code, "interrupted"),
    ],
)
def test_whatever_the_system_refuses_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    code: int,
    said: str,
) -> None:
    from dse.cli import check

    def run(options: object) -> int:
        raise raised

    monkeypatch.setattr(check, "run", run)
    assert cli.main(FITS) == code
    assert said in capsys.readouterr().err
