"""What `dse doctor` says of the K210: whether its compiler is there, and runs."""

from __future__ import annotations

from collections.abc import Iterator

from dse.chips.abilities import Finding
from dse.chips.k210.compiler.compiler import compiler_version
from dse.errors import CompilerError
from dse.versions import version_of

__all__ = ["findings"]


def findings() -> Iterator[Finding]:
    """Asks the compiler itself, in a process of its own: it may end the one it runs in."""
    package = version_of("nncase")
    yield Finding("nncase", package is not None, package or "not installed", "uv sync")
    try:
        yield Finding("K210 compiler", True, compiler_version())
    except CompilerError as error:
        advice = "uv sync --reinstall-package nncase"
        yield Finding("K210 compiler", False, str(error), advice)
