"""Foreign TOML and JSON: numbers and depths that mean nothing, and what is said of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from dse.errors import FileError, InvalidFile
from dse.schema import (
    LARGEST,
    SETTINGS_BYTES,
    checked,
    line_of,
    parse_json,
    quoted,
    read_json,
    read_toml,
)
from dse.training.recipe import Recipe

DIGITS = "9" * 5000


class Part(Struct):
    count: int


class Whole(Struct):
    name: str
    part: Part
    rate: float = 0.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"a = {DIGITS}", "not TOML"),
        (f"a = 0x{'f' * 9000}", "'a' must be a number between"),
        ("a = 1\nb = inf", "wrong.toml:2: 'b' must be a number"),
        ("[t]\na = [1, nan]", "'t.a' must be a number"),
        ("a = -1e999", "'a' must be a number"),
        (f"a = {LARGEST + 1}", "'a' must be a number"),
        ("a = " + "[" * 100_000, "not TOML"),
        ("a." * 100_000 + "b = 1", "not TOML"),
        ("\n".join(f"[a{'.b' * depth}]" for depth in range(900)), "nested too deep"),
        ("a = \x1b[31m", "not TOML"),
    ],
)
def test_toml_that_means_nothing_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(InvalidFile) as caught:
        read_toml(path)
    assert words in str(caught.value) and "wrong.toml" in str(caught.value)
    assert len(str(caught.value)) < 500 and str(caught.value).isprintable()


def test_a_file_that_is_too_large_special_or_no_text(tmp_path: Path) -> None:
    large, pipe, other = tmp_path / "large", tmp_path / "pipe", tmp_path / "other"
    large.write_text("#" * (SETTINGS_BYTES + 1))
    os.mkfifo(pipe)
    other.write_bytes(b"a = '\xff'")
    for path in (large, pipe, other, tmp_path):
        with pytest.raises(FileError):
            read_toml(path)


def test_what_is_sensible_is_read(tmp_path: Path) -> None:
    path = tmp_path / "right.toml"
    path.write_text(f"a = {LARGEST}\nb = [[1.5, -2]]\n")
    assert read_toml(path)[1] == {"a": LARGEST, "b": [[1.5, -2]]}


@pytest.mark.parametrize(
    "text", [DIGITS, f'{{"a": {DIGITS}}}', "[" * 100_000, "Infinity", "[1e999]", "-1e17", "[[" * 30]
)
def test_json_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_json(text)
    assert len(str(caught.value)) < 300


def test_json_may_say_that_a_number_is_none() -> None:
    assert str(parse_json("[NaN]")) == "[nan]"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_any_json_is_what_is_expected_or_refused_in_words(value: object) -> None:
    try:
        parsed = parse_json(json.dumps(value))
    except ValueError as error:
        assert "must be a number between" in str(error)
        return
    try:
        assert isinstance(checked(parsed, Whole, Path("file")), Whole)
    except InvalidFile as error:
        assert str(error).startswith("file: ")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "it must be a table, not a list"),
        ({"name": "x"}, "'part' is missing"),
        ({"name": 3}, "'name' must be text, not a whole number"),
        ({"name": "x", "part": {}}, "'part.count' is missing"),
        ({"name": "x", "part": {"count": True}}, "'part.count' must be a whole number, not true"),
        ({"name": "x", "part": {"count": 1}, "rate": "x"}, "'rate' must be a number, not text"),
    ],
)
def test_what_does_not_fit_is_said_in_plain_words(value: object, words: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        checked(value, Whole, Path("file"), 3, "mend it")
    assert words in str(caught.value) and str(caught.value).startswith("file:3: ")
    assert caught.value.hint == "mend it"


@pytest.mark.parametrize("change", [{"epochs": -1}, {"learning_rate": float("nan")}, {"seed": -1}])
def test_what_a_class_refuses_is_told_with_the_file(change: dict[str, object]) -> None:
    with pytest.raises(InvalidFile, match=f"^file: {next(iter(change))}"):
        checked(change, Recipe, Path("file"))


def test_a_json_file_is_read_typed(tmp_path: Path) -> None:
    path = tmp_path / "whole.json"
    path.write_text('{"name": "x", "part": {"count": 3}}')
    assert read_json(path, 100, Whole) == Whole("x", Part(3))
    path.write_text('{"name": "x", "part": 3}')
    with pytest.raises(InvalidFile, match=r"whole\.json: 'part' must be a table"):
        read_json(path, 100, Whole)
    path.write_text("{" + " " * 100)
    with pytest.raises(FileError, match="larger"):
        read_json(path, 100, Whole)


def test_the_line_that_sets_a_key() -> None:
    assert line_of("# a\n\n  a = 3\nab = 1\n", "a") == 3
    assert line_of("b = 1", "a") is None


def test_foreign_values_are_quoted_short_and_printable() -> None:
    assert quoted(10**6000) == "a number of thousands of digits"
    assert len(quoted("x" * 10_000)) < 100
    assert quoted("\x1b[31m").isprintable()
