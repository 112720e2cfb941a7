"""One module for each command: `add_arguments(parser)` and `run(options) -> exit code`.

Importing one costs nothing: what a command works with is imported when it runs.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["COMMANDS", "command"]

COMMANDS = (
    "data",
    "search",
    "dashboard",
    "list",
    "show",
    "export",
    "check",
    "explain",
    "evaluate",
    "detect",
    "verify",
    "calibrate",
    "reproduce",
    "rm",
    "clean",
    "completion",
    "doctor",
)
"""Their names, in the order of the help."""


def command(name: str) -> ModuleType:
    """The module of the command `name`."""
    return importlib.import_module(f"dse.cli.{name}")
