"""Which versions of what are installed."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

__all__ = ["version_of", "versions"]


@cache
def version_of(package: str) -> str | None:
    """The version of `package`, by the name it is installed by; None where it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Python's version, and that of each of `packages` which is installed."""
    found = {package: version_of(package) for package in packages}
    return {"python": platform.python_version()} | {k: v for k, v in found.items() if v}
