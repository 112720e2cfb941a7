"""manifest.json: what lies in a bundle, where it came from, and what it measured.

Its tables: `candidate`, `rejected` (why the export failed its own check, or null), `head` (what
the output's channels mean), `target` (whose firmware it is for, and what loads it), `files`
(sha256 and bytes of each), `accuracy`, `compiled` (the compiler's figures), `estimate` (the
cost model's), `data` (evaluation pictures), `study`, `versions`.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dse.files import utf8

__all__ = ["LAYOUT_VERSION", "NAME", "checksums", "to_json", "versions"]

NAME = "manifest.json"
LAYOUT_VERSION = 1
"""Of the bundle. Raise it when a file changes its meaning."""

PACKAGES = ("dse", "nncase", "tensorflow-cpu", "keras", "numpy")


def checksums(files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Name -> {"sha256", "bytes"} of each file."""
    return {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in sorted(files.items())
    }


def versions() -> dict[str, str]:
    """Of everything that took part."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def to_json(table: Mapping[str, Any]) -> bytes:
    """Readable JSON; numbers that JSON cannot hold (NaN, infinite) become null."""
    return utf8(json.dumps(_plain(table), indent=2, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
