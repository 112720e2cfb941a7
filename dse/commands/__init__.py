"""One module for each command: `add_arguments(parser)` and `run(options) -> exit code`.

Importing one costs nothing: what a command works with is imported when it runs.
"""

from __future__ import annotations

from types import ModuleType

from dse.commands import (
    calibrate,
    check,
    dashboard,
    doctor,
    evaluate,
    explain,
    export,
    reproduce,
    search,
    verify,
)

__all__ = ["COMMANDS"]

COMMANDS: dict[str, ModuleType] = {
    "search": search,
    "dashboard": dashboard,
    "export": export,
    "check": check,
    "explain": explain,
    "evaluate": evaluate,
    "verify": verify,
    "calibrate": calibrate,
    "reproduce": reproduce,
    "doctor": doctor,
}
