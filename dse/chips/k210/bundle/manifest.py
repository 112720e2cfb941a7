"""manifest.json: what lies in a bundle, where it came from, and what it measured.

Its tables: `candidate`, `rejected` (why the export failed its own check, or null), `head` (what
the output's channels mean), `target` (whose firmware it is for, and what loads it), `files`
(sha256 and bytes of each), `accuracy`, `compiled` (the compiler's figures), `estimate` (the
cost model's), `data` (evaluation pictures), `study`, `versions`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from dse.files import utf8
from dse.plain import plain

__all__ = ["LAYOUT_VERSION", "NAME", "PACKAGES", "checksums", "to_json"]

NAME = "manifest.json"
LAYOUT_VERSION = 1
"""Of the bundle. Raise it when a file changes its meaning."""

PACKAGES = ("dse", "nncase", "tensorflow-cpu", "keras", "numpy")
"""Whose versions a bundle names: everything that took part."""


def checksums(files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Name -> {"sha256", "bytes"} of each file."""
    return {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in sorted(files.items())
    }


def to_json(table: Mapping[str, Any]) -> bytes:
    """Readable JSON; numbers that JSON cannot hold (NaN, infinite) become null."""
    return utf8(json.dumps(plain(table), indent=2, ensure_ascii=False) + "\n")
