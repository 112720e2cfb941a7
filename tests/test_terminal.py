"""What is printed moves no cursor, and a stream that takes nothing ends no work."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from dse.errors import FileError
from dse.terminal import flush_results, note, note_to, safe, show, show_path, silent_stderr


def test_only_line_breaks_pass() -> None:
    assert safe("a\x1b[2J\rb\nschön\udce9 猫") == "a\\x1b[2J\\rb\nschön\\udce9 猫"


def test_results_and_messages_are_safe(capsys: pytest.CaptureFixture[str]) -> None:
    show("one\x1b]0;title\x07\ntwo")
    note("three\x9b2J")
    out, err = capsys.readouterr()
    assert out == "one\\x1b]0;title\\x07\ntwo\n"
    assert err == "three\\x9b2J\n"


@pytest.mark.parametrize(("terminal", "said"), [(False, "a\xa0b\n"), (True, "a\\xa0b\n")])
def test_a_path_is_exact_for_programs(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    said: str,
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    show_path(Path("a\xa0b"))
    assert capsys.readouterr().out == said


def test_results_that_nobody_takes_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        show("a short result waits in the buffer")
        with pytest.raises(FileError, match="standard output cannot be written: No space"):
            flush_results()
        flush_results()  # silent from now on: Python's own last try says nothing


def test_a_reader_that_left_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        show("text")
        with pytest.raises(BrokenPipeError):
            flush_results()


def test_messages_that_nobody_takes_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stderr", full)
        note("nobody reads this")
        note("nor this")


def test_a_note_goes_to_any_stream_as_it_is() -> None:
    stream = io.StringIO()
    note_to(stream, "\r\x1b[Kline")
    assert stream.getvalue() == "\r\x1b[Kline"


def test_what_a_library_says_on_stderr_is_not_seen(capfd: pytest.CaptureFixture[str]) -> None:
    with silent_stderr():
        os.write(2, b"from C++\n")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"
