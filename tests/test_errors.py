"""Every error of the tree has its documented exit code and is told with a hint."""

from __future__ import annotations

import pytest

from dse import errors
from dse.cli import main
from dse.errors import DseError, UnknownName

CODES = {
    "UsageError": 2,
    "UnknownName": 2,
    "InvalidFile": 2,
    "NotSupported": 2,
    "NothingFeasible": 3,
}
CODES |= {"VerificationFailed": 4, "Interrupted": 130}


def test_exit_codes_are_the_documented_ones() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        assert issubclass(kind, DseError)
        assert kind.exit_code == CODES.get(name, 1), name


def test_the_tree_in_the_docstring_names_every_class() -> None:
    assert all(name in (errors.__doc__ or "") for name in errors.__all__)


def test_a_far_name_gets_no_suggestion() -> None:
    error = UnknownName("target", "zzz", ["k210"])
    assert "Did you mean" not in str(error)
    assert "k210" in error.hint


def test_the_command_line_says_error_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "A98-a0.5-224-kpu"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("dse: ")
    assert "known:" in message


def test_a_name_of_any_length_costs_no_time_and_is_cut() -> None:
    known = [f"A98-a0.5-{size}-kpu8" for size in range(2000)]
    error = UnknownName("design", "x" * 100_000, known)
    assert len(str(error)) < 200
