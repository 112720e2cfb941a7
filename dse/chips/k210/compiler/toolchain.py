"""Which nncase compiles and simulates: that of our own environment, or another version.

A kmodel only runs on a runtime of its compiler's version, so a target names the version. Any
but our own gets an environment of its own, made once with uv in the user's cache folder:
$XDG_CACHE_HOME/dse/nncase-VERSION, where it stays for the next time.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dse import processes
from dse.chips.k210.compiler import nncase_process
from dse.errors import CompilerError
from dse.files import make_folder, reported, temporary_folder
from dse.versions import version_of

__all__ = ["Toolchain", "toolchain"]

INSTALL_LIMIT_S = 600.0
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
    folder = _cache() / f"nncase-{wanted}"
    if not _python(folder).exists():
        _install(f"{wanted}", folder)
    return Toolchain(f"{wanted}", _python(folder))


def _own_version() -> str:
    found = version_of("nncase")
    if found is None:
        raise CompilerError("nncase is not installed", "reinstall dse: it belongs to it")
    return found


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dse"


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _install(wanted: str, folder: Path) -> None:
    """Makes `folder`: whole, or not at all. Raises CompilerError, FileError."""
    uv = _uv()
    packages = [f"nncase=={wanted}", f"numpy=={version_of('numpy')}"]
    cache = make_folder(folder.parent)
    with temporary_folder(f".{folder.name}-", cache) as scratch, reported(cache, "written"):
        fresh = scratch / "new"
        python = str(_python(fresh))
        make = ["venv", "--no-project", "--relocatable", "--python", sys.executable, str(fresh)]
        _run(wanted, [*uv, *make])
        _run(wanted, [*uv, "pip", "install", "--python", python, *packages])
        _run(wanted, [python, "-I", "-c", HAS_K210])
        if folder.exists() and not _python(folder).exists():  # its interpreter was removed
            os.rename(folder, scratch / "old")
        if not folder.exists():  # nobody else was faster
            os.rename(fresh, folder)


def _run(wanted: str, arguments: list[str]) -> None:
    code, said, death = processes.run(arguments, INSTALL_LIMIT_S)
    if code != 0:
        how = "took too long" if code is None else death
        raise CompilerError(
            f"nncase {wanted} cannot be installed beside ours: {arguments[0]} {how}: "
            f"{processes.last_lines(said) or 'it printed nothing'}",
            "it takes the network, once; or compile with our own: --target k210-sdk",
        )


def _uv() -> list[str]:
    """The command that is uv. Raises CompilerError where there is none."""
    for command in _candidates():
        if processes.run([*command, "--version"], 60)[0] == 0:
            return command
    raise CompilerError(
        "another version of nncase is installed with uv, and there is no uv here",
        "python3 -m pip install uv",
    )


def _candidates() -> Iterator[list[str]]:
    """`uv run` names itself in UV."""
    for found in (os.environ.get("UV"), shutil.which("uv")):
        if found:
            yield [found]
    if importlib.util.find_spec("uv"):
        yield [sys.executable, "-m", "uv"]
