"""`dse.toml` in the folder where `dse` is called: the flags that one does not want to repeat.

    results = "/data/studies"        # of every command that has the flag
    target = "my-board.toml"

    [search]                         # of one command
    data = "voc:/data/cones"
    epochs = 40

What is typed goes before what stands there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dse.errors import InvalidFile
from dse.files import printable
from dse.schema import read_toml

__all__ = ["PROJECT_FILE", "flags_of", "project_arguments"]

PROJECT_FILE = Path("dse.toml")

ASKING = ("rm", "clean")
"""Commands that remove things: what they may is typed, each time."""

Flags = Mapping[str, argparse.Action]


def flags_of(parser: argparse.ArgumentParser) -> dict[str, Flags]:
    """Command -> its flags by name, of the parser of all commands."""
    # argparse has no public list of what a parser takes
    (commands,) = (
        one.choices
        for one in parser._actions  # noqa: SLF001
        if isinstance(one.choices, Mapping)
    )
    return {
        name: {
            option.removeprefix("--"): action
            for action in one._actions  # noqa: SLF001
            for option in action.option_strings
            if option.startswith("--") and option != "--help"
        }
        for name, one in commands.items()
    }


def project_arguments(command: str, flags: Mapping[str, Flags]) -> list[str]:
    """The project file's flags for `command`, as they would be typed; none without such a file.

    flags: command -> its flags by name ("data"). Raises InvalidFile for a file that is no TOML,
    and for a key or value that no flag takes.
    """
    if not PROJECT_FILE.is_file():
        return []
    _, table = read_toml(PROJECT_FILE)
    own = {name: value for name, value in table.items() if isinstance(value, Mapping)}
    for name, keys in own.items():
        if name not in flags or name in ASKING:
            raise _wrong(f"[{printable(name)}] is no command that takes flags from here")
        for key in keys:
            if key not in flags[name]:
                raise _wrong(f"dse {name} has no flag --{printable(key)}")
    shared = {name: value for name, value in table.items() if name not in own}
    for key in shared:
        if not any(key in known for known in flags.values()):
            raise _wrong(f"no command has a flag --{printable(key)}")
    if command in ASKING:
        return []
    mine = {key: value for key, value in shared.items() if key in flags[command]}
    mine |= own.get(command, {})
    known = flags[command]
    return [typed for key, value in mine.items() for typed in _typed(known[key], key, value)]


def _typed(flag: argparse.Action, key: str, value: Any) -> Iterator[str]:
    if isinstance(value, bool) and isinstance(flag, argparse.BooleanOptionalAction):
        yield f"--{key}" if value else f"--no-{key}"
    elif isinstance(value, bool) and flag.nargs == 0:
        yield from [f"--{key}"] if value else []
    elif isinstance(value, str | int | float) and flag.nargs is None:
        yield f"--{key}={value}"
    elif isinstance(value, list) and type(flag).__name__ == "_AppendAction":
        yield from (f"--{key}={one}" for one in value)
    else:
        raise _wrong(f"--{key} does not take {printable(value)!r} from here")


def _wrong(why: str) -> InvalidFile:
    return InvalidFile(PROJECT_FILE, why, hint=f"mend {PROJECT_FILE.absolute()}, or remove it")
