"""What others wrote, read once: TOML and JSON whose every value has the type that is expected.

A reader declares what a file holds as a class with types and bounds; here it is compared, and
what does not fit becomes an InvalidFile that names the file, the key and what was expected.
Numbers that mean nothing (infinite, not a number, thousands of digits) fit no type below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import tomli

from dse.errors import InvalidFile, UsageError
from dse.files import printable, read_bytes, read_text

__all__ = [
    "SETTINGS_BYTES",
    "checked",
    "in_words",
    "line_of",
    "quoted",
    "read_json",
    "read_toml",
    "shown",
]

SETTINGS_BYTES = 1 << 20
"""No file that people write is larger; the largest that dse writes has a tenth of it."""

LARGEST = 2**53
"""Of any number, to either side: no count, size or time comes near, and sums stay finite."""

DEEPEST = 20
"""Tables and lists in one another; ours go to six."""

SHOWN = 60
"""Characters of somebody else's text in a message."""

Kind = TypeVar("Kind")

_NAMES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
"""The library's names of types, in plain words."""

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<key>.*)`)?$", re.DOTALL)
_EXPECTED = re.compile(r"Expected (?P<expected>`.*?`.*?)(?:, got (?P<found>.*))?$")
_FIELD = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`")


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a TOML file, and the table that it is; its numbers are finite and sensible.

    Raises FileError where it cannot be read, InvalidFile where it is no such TOML.
    """
    text = read_text(path, SETTINGS_BYTES)
    try:
        table = tomli.loads(text)
        wrong = next(_senseless(table, ""), None)
    except (ValueError, RecursionError) as error:  # numbers of 5,000 digits, tables in tables
        raise InvalidFile(path, f"not TOML: {shown(str(error), 200)}") from None
    if wrong is None:
        return text, table
    key = wrong.rpartition(".")[2]
    why = f"'{shown(wrong)}' must be a number between {-LARGEST} and {LARGEST}"
    raise InvalidFile(path, why, line_of(text, key))


def parse_json(text: str | bytes) -> Any:
    """The value that `text` is in JSON; its numbers are sensible, but may be NaN.

    Raises ValueError in words; json.JSONDecodeError where it is not even JSON.
    """
    try:
        value = json.loads(text)
        wrong = next(_senseless(value, "", nan=True), None)
    except RecursionError:
        raise ValueError("values nested too deep") from None
    if wrong is not None:
        raise ValueError(f"'{shown(wrong)}' must be a number between {-LARGEST} and {LARGEST}")
    return value


def read_json(path: Path, most_bytes: int, kind: type[Kind], hint: str = "") -> Kind:
    """The JSON file `path` as a `kind`. Raises FileError, or InvalidFile with `hint`."""
    content = read_bytes(path, most_bytes)
    try:
        value = parse_json(content)
    except ValueError as error:
        raise InvalidFile(path, f"not JSON: {shown(str(error), 200)}", hint=hint) from None
    return checked(value, kind, path, hint=hint)


def checked(
    value: Any, kind: type[Kind], path: Path, line: int | None = None, hint: str = ""
) -> Kind:
    """`value`, as TOML or JSON gave it, as a `kind`. Raises InvalidFile.

    path, line: where it comes from.
    """
    try:
        return converted(value, kind)
    except ValueError as error:
        raise InvalidFile(path, str(error), line, hint) from None


def converted(value: Any, kind: type[Kind]) -> Kind:
    """`value`, as TOML or JSON gave it, as a `kind`. Raises ValueError in words."""
    import msgspec

    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise ValueError(in_words(str(error))) from None
    except UsageError as error:  # a class refuses values of the right type
        raise ValueError(f"{error}: {error.hint}") from None
    except RecursionError:
        raise ValueError("values nested too deep") from None


def in_words(message: str) -> str:
    """What does not fit, from the library's message: "'search.seed' must be a whole number"."""
    match = _PLACE.match(message)
    what, key = (match["what"], match["key"] or "") if match else (message, "")
    field = _FIELD.match(what)
    if field:
        name = shown(f"{key}.{field['name']}".lstrip("."))
        known = field["what"] == "missing required"
        return f"'{name}' is missing" if known else f"unknown key '{name}'"
    subject = f"'{shown(key)}'" if key else "it"
    expected = _EXPECTED.match(what)
    if not expected:
        return f"{subject}: {shown(what)}" if key else shown(what)
    found = f", not {_plain(expected['found'])}" if expected["found"] else ""
    return f"{subject} must be {_plain(expected['expected'])}{found}"


def line_of(text: str, key: str) -> int | None:
    """The line of the TOML file `text` that sets `key`, counted from 1."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.split("=")[0].strip() == key and "=" in line:
            return number
    return None


def quoted(value: object) -> str:
    """A foreign value as a message may have it: as Python writes it, short."""
    try:
        return shown(repr(value))
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of thousands of digits"


def shown(text: str, most: int = SHOWN) -> str:
    """Somebody else's text as a message may have it: short, on one line."""
    return printable(text if len(text) <= most else f"{text[:most]}...")


def _senseless(value: Any, name: str, nan: bool = False, depth: int = 0) -> Iterator[str]:
    """Names of the numbers in `value` that nothing can be; `nan`: NaN may stand there.

    Raises ValueError for tables and lists in one another that are deeper than any of ours.
    """
    if depth > DEEPEST:
        raise ValueError("values nested too deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _senseless(inner, f"{name}.{key}" if name else str(key), nan, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _senseless(inner, name, nan, depth + 1)
    elif isinstance(value, int | float) and not -LARGEST <= value <= LARGEST:
        yield from [] if nan and value != value else [name]


def _plain(words: str) -> str:
    """`int | null` >= 0 as "a whole number or nothing, 0 or more"."""
    words = re.sub(r"`(.*?)`", lambda one: _alternatives(one[1]), words)
    words = re.sub(r" (?:of length )?>= (\S+)", r", \1 or more", words)
    return re.sub(r" (?:of length )?<= (\S+)", r", \1 or less", words)


def _alternatives(names: str) -> str:
    return " or ".join(_NAMES.get(name, name) for name in names.split(" | "))
