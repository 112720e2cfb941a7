"""Environments of their own for compilers that do not belong to ours, or in another version.

One is made once, with uv, in the user's cache folder: $XDG_CACHE_HOME/dse/PACKAGE-VERSION, where
it stays for the next time.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from dse import processes
from dse.errors import CompilerError
from dse.files import make_folder, reported, temporary_folder
from dse.versions import version_of

__all__ = ["cache_folder", "environment"]

INSTALL_LIMIT_S = 600.0


def cache_folder() -> Path:
    """What stays for the next time, whatever the study."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dse"


def environment(name: str, package: str, version: str, check: str, hint: str) -> Path:
    """The interpreter that has `version` of `package`, beside a NumPy as ours.

    name: what the package is called in a message, and the folder. check: a program that ends
    well where the package is sound. hint: what to do where it cannot be had. Installs it where
    it is missing, which takes uv and the network. Raises CompilerError, FileError.
    """
    folder = cache_folder() / f"{name}-{version}"
    if not _python(folder).exists():
        _Installation(f"{name} {version}", f"{package}=={version}", check, hint).into(folder)
    return _python(folder)


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


class _Installation:
    """Of one package. words: what it is, for messages. wanted: as of a requirements file."""

    def __init__(self, words: str, wanted: str, check: str, hint: str) -> None:
        self.words, self.wanted, self.check, self.hint = words, wanted, check, hint

    def into(self, folder: Path) -> None:
        """Makes `folder`: whole, or not at all. Raises CompilerError, FileError."""
        uv = _uv(self.words)
        packages = [self.wanted, f"numpy=={version_of('numpy')}"]
        cache = make_folder(folder.parent)
        with temporary_folder(f".{folder.name}-", cache) as scratch, reported(cache, "written"):
            fresh = scratch / "new"
            python = str(_python(fresh))
            make = ["venv", "--no-project", "--relocatable", "--python", sys.executable]
            self._run([*uv, *make, str(fresh)])
            self._run([*uv, "pip", "install", "--python", python, *packages])
            self._run([python, "-I", "-c", self.check])
            if folder.exists() and not _python(folder).exists():  # its interpreter was removed
                os.rename(folder, scratch / "old")
            if not folder.exists():  # nobody else was faster
                os.rename(fresh, folder)

    def _run(self, arguments: list[str]) -> None:
        code, said, death = processes.run(arguments, INSTALL_LIMIT_S)
        if code != 0:
            how = "took too long" if code is None else death
            raise CompilerError(
                f"{self.words} cannot be installed beside ours: {arguments[0]} {how}: "
                f"{processes.last_lines(said) or 'it printed nothing'}",
                self.hint,
            )


def _uv(words: str) -> list[str]:
    """The command that is uv. Raises CompilerError where there is none."""
    for command in _candidates():
        if processes.run([*command, "--version"], 60)[0] == 0:
            return command
    raise CompilerError(
        f"{words} is installed with uv, and there is no uv here", "python3 -m pip install uv"
    )


def _candidates() -> Iterator[list[str]]:
    """`uv run` names itself in UV."""
    for found in (os.environ.get("UV"), shutil.which("uv")):
        if found:
            yield [found]
    if importlib.util.find_spec("uv"):
        yield [sys.executable, "-m", "uv"]
