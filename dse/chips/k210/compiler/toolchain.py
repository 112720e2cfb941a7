"""Which nncase compiles and simulates: that of our own environment, or another version.

A kmodel only runs on a runtime of its compiler's version, so a target names the version. Any
but our own gets an environment of its own, see `dse.chips.environments`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dse import processes
from dse.chips.environments import environment
from dse.chips.k210.compiler import nncase_process
from dse.errors import CompilerError
from dse.versions import version_of

__all__ = ["Toolchain", "toolchain"]

HAS_K210 = "import nncase, sys; sys.exit(not nncase.test_target('k210'))"
_VERSION = re.compile(r"1\.[0-9]\.\d\.\d{8}")
"""nncase 1.x as PyPI numbers it; 0.x was never there, and 2.x knows no K210."""


@dataclass(frozen=True)
class Toolchain:
    """A version of nncase, and the interpreter that has it; None: this one."""

    version: str
    python: Path | None = None

    def command(self, task: str, path: Path) -> list[str]:
        """The command line that does `task` ("compile", "simulate") with `path`."""
        if self.python is None:
            return processes.module_command(
                "dse.chips.k210.compiler.nncase_process", task, str(path)
            )
        return [str(self.python), "-I", nncase_process.__file__, task, str(path)]


def toolchain(wanted: str | None = None) -> Toolchain:
    """The toolchain of nncase `wanted`, such as "1.1.0.20211203"; None: our own.

    Installs it where it is missing, which takes uv, the network and 30 to 90 MB. Raises
    CompilerError where it cannot be had.
    """
    own = _own_version()
    if wanted in (None, own):
        return Toolchain(own)
    if not _VERSION.fullmatch(str(wanted)):
        raise CompilerError(
            f"nncase {wanted} cannot be installed: only 1.0 to 1.9 are packages for this Python",
            "name a target that loads kmodel version 5, such as --target k210-sdk",
        )
    hint = "it takes the network, once; or compile with our own: --target k210-sdk"
    return Toolchain(f"{wanted}", environment("nncase", "nncase", f"{wanted}", HAS_K210, hint))


def _own_version() -> str:
    found = version_of("nncase")
    if found is None:
        raise CompilerError("nncase is not installed", "reinstall dse: it belongs to it")
    return found
