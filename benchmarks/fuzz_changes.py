"""How a fuzzed file differs from a sound one: bytes, tables of JSON and TOML, words of a text.

What is drawn comes from `dice` alone, so that a case is the same at any hour and anywhere.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import tomli
import tomli_w

__all__ = [
    "HOSTILE_WORDS",
    "ODD_VALUES",
    "bits",
    "bytes_of",
    "json_lines_of",
    "json_of",
    "noise",
    "numbers",
    "text_of",
    "toml_of",
]

ODD_NUMBERS = (0, 1, 2, 7, 8, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF)

DIGITS = "@digits@"
"""Stands in a table for a whole number that has more digits than Python takes."""

MANY_DIGITS = "9" * 5000

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, float("nan"), float("inf"), -float("inf"), 10**30, -(10**30),
    DIGITS, "", "\ud800", "x" * 5000, "../../etc", "/etc/passwd", "a\x1b[2J\nb\0", [], {}, [[]],
    [0] * 1000, {"": {"": {}}},
)  # fmt: skip
"""What a value of a table is replaced by."""

HOSTILE_WORDS = (
    "", "-1", "0", "1e308", "-1e308", "1e-320", "1e400", "inf", "-inf", "nan", "9" * 20,
    MANY_DIGITS, "-" + MANY_DIGITS, "0." + MANY_DIGITS, "1_0", "\u0663", "\u00b2", "0x1f", "2.5",
    "true", "null", "\0", "\x1b[2J\x1b]0;title\x07", "\r", "\x85", "\u2028", "\ufeff",
    "\udced\udca0\udc80", "caf\u00e9", "x" * 300, "x" * 70_000, "..", "/",
    "../../../../etc/passwd", "/etc/passwd", "/dev/zero", "/dev/stdin", "../outside.png",
    "~root", "CON", "%s%n", "{0}", "$(id)", "<script>alert(1)</script>", "[", "]", "{", "}",
    '"', "'", "\\", "&a", "*a", "<<", "!!map",
)  # fmt: skip
"""What a word of a text is replaced by: numbers, names and signs that mean something elsewhere;
bytes that are no UTF-8 as lone surrogates."""

BRACKETS = ("[", "{", "(", "<a>", '{"a":', "- ", "a: {", "a.", "[[")
DEPTHS = (50, 1000, 10_000, 100_000)
LINES = (10, 1000, 20_000)

_WORD = re.compile(r"[^\s,;:=<>\"'\[\]{}()|/]+")


def bits(content: bytearray, dice: random.Random, low: int = 0, high: int | None = None) -> None:
    """Flips some bits within `low` and `high`."""
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        place = dice.randrange(low, max(high or len(content), low + 1))
        content[place] ^= 1 << dice.randrange(8)


def numbers(content: bytearray, dice: random.Random, high: int | None = None) -> None:
    """Lying sizes and counts: aligned 32-bit numbers."""
    for _ in range(dice.choice((1, 1, 2, 4))):
        place = 4 * dice.randrange(max((high or len(content)) // 4, 1))
        near = int.from_bytes(content[place : place + 4], "little") + dice.choice((-1, 1, 4, 64))
        value = dice.choice((*ODD_NUMBERS, len(content), dice.getrandbits(32), near))
        content[place : place + 4] = (value % (1 << 32)).to_bytes(4, "little")


def pieces(content: bytearray, dice: random.Random, others: list[bytes]) -> None:
    """A piece of this or another file put in, in place of a piece of any length."""
    other = dice.choice(others) or b"\0"
    start, size = dice.randrange(len(other)), dice.randrange(1, 4096)
    place = dice.randrange(len(content) + 1)
    removed = dice.choice((0, size, dice.randrange(1, 4096)))
    content[place : place + removed] = other[start : start + size]


def length(content: bytearray, dice: random.Random) -> None:
    """Cut short, or longer by noise."""
    cut = dice.choice((0, dice.randrange(64), dice.randrange(len(content) + 1), len(content) - 1))
    if dice.random() < 0.7:
        del content[max(cut, 0) :]
    else:
        content += dice.randbytes(dice.choice((1, 8, 4096)))


def noise(content: bytearray, dice: random.Random) -> None:
    """A stretch of zeros or of any bytes."""
    place, size = dice.randrange(len(content) + 1), dice.choice((4, 64, 1024, len(content)))
    content[place : place + size] = dice.choice((bytes(size), dice.randbytes(size)))


def bytes_of(
    content: bytes, dice: random.Random, others: list[bytes], head: int | None = None
) -> bytes:
    """`content` changed as bytes. others: pieces come from them.

    head: numbers and bits are changed within its first bytes.
    """
    changed = bytearray(content) or bytearray(1)
    kinds: tuple[Callable[[], None], ...] = (
        lambda: bits(changed, dice, 0, head),
        lambda: numbers(changed, dice, head),
        lambda: pieces(changed, dice, others),
        lambda: length(changed, dice),
        lambda: noise(changed, dice),
    )
    dice.choices(kinds, weights=(3, 4, 2, 2, 1))[0]()
    return bytes(changed)


def json_of(content: bytes, dice: random.Random) -> bytes:
    """A table with some of its values replaced, removed, moved or nested without end."""
    if dice.random() < 0.03:
        return b'{"files":' * dice.choice((50, 5000, 200_000))
    return _json(_changed(json.loads(content), dice))


def json_lines_of(content: bytes, dice: random.Random) -> bytes:
    """A file of one JSON object a line: one of them changed, or the lines themselves."""
    lines = content.splitlines(keepends=True)
    place = dice.randrange(len(lines))
    kind = dice.random()
    if kind < 0.7:
        lines[place] = json_of(lines[place], dice) + b"\n"
    elif kind < 0.8:
        lines[place] = text_of(lines[place], dice)
    elif kind < 0.9:
        lines[place : place + dice.choice((0, 1, 3))] = [lines[dice.randrange(len(lines))]]
    else:
        dice.shuffle(lines)
    return b"".join(lines)


def toml_of(content: bytes, dice: random.Random) -> bytes:
    """A table as `json_of` changes it; or the text itself."""
    if dice.random() < 0.25:
        return text_of(content, dice)
    table = _changed(tomli.loads(content.decode()), dice)
    written = tomli_w.dumps(_without_none(table)).encode("utf-8", "surrogatepass")
    return _with_digits(written)


def _changed(table: Any, dice: random.Random) -> Any:
    """`table` with some values replaced by odd or similar ones, or taken out."""
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        place: Any = table
        while isinstance(place, dict | list) and place:
            key = dice.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inner = place[key]
            if not (isinstance(inner, dict | list) and inner) or dice.random() < 0.2:
                break
            place = inner
        if isinstance(place, dict) and place and dice.random() < 0.25:
            del place[key]
        elif isinstance(place, dict | list) and place:
            place[key] = deepcopy(dice.choice((*ODD_VALUES, _near(inner, dice))))
    return table


def _near(value: Any, dice: random.Random) -> Any:
    """Of the same type, and a little wrong."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return value + dice.choice((-1, 1, 0.5, value))
    return dice.choice((str(value)[:-1], str(value) * 2, str(value).upper()))


def _without_none(value: Any) -> Any:
    """TOML has no null."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(i) for i in value if i is not None] if isinstance(value, list) else value


def _json(table: Any) -> bytes:
    return _with_digits(json.dumps(table).encode())


def _with_digits(written: bytes) -> bytes:
    return written.replace(f'"{DIGITS}"'.encode(), MANY_DIGITS.encode())


def text_of(content: bytes, dice: random.Random) -> bytes:
    """A text with other words, lines, brackets, or another encoding."""
    text = content.decode("utf-8", "surrogateescape")
    kinds = (_words, _lines, _nested, _encoded)
    return dice.choices(kinds, weights=(7, 3, 1, 1))[0](text, dice)


def _words(text: str, dice: random.Random) -> bytes:
    for _ in range(dice.choice((1, 1, 2, 6))):
        places = [word.span() for word in _WORD.finditer(text)] or [(0, 0)]
        start, end = dice.choice(places)
        text = text[:start] + dice.choice(HOSTILE_WORDS) + text[end:]
    return text.encode("utf-8", "surrogateescape")


def _lines(text: str, dice: random.Random) -> bytes:
    lines = text.splitlines(keepends=True) or [""]
    place = dice.randrange(len(lines))
    again = [lines[dice.randrange(len(lines))]] * dice.choice(LINES)
    kinds: tuple[list[str], ...] = (
        [],
        [dice.choice(HOSTILE_WORDS) + "\n"],
        lines[place : place + 1] * 2,
        again,
    )
    lines[place : place + dice.choice((0, 1, 2))] = dice.choices(kinds, weights=(4, 3, 3, 1))[0]
    return "".join(lines).encode("utf-8", "surrogateescape")


def _nested(text: str, dice: random.Random) -> bytes:
    place = dice.randrange(len(text) + 1)
    deep = dice.choice(BRACKETS) * dice.choice(DEPTHS)
    return (text[:place] + deep + text[place:]).encode("utf-8", "surrogateescape")


def _encoded(text: str, dice: random.Random) -> bytes:
    encoding = dice.choice(("utf-8-sig", "utf-16", "utf-32", "latin-1", "utf-7"))
    encoded = text.encode(encoding, "replace")
    return dice.choice((encoded, encoded.replace(b"\n", b"\r"), encoded.replace(b"\n", b"\r\n")))
