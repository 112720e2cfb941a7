"""The texts of a bundle, rendered from `templates/` by Jinja2: NAME from NAME.j2."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from dse.files import utf8

__all__ = ["render"]


def render(name: str, **values: Any) -> bytes:
    """The file `name` of a bundle. Raises jinja2.UndefinedError where a value is missing."""
    return utf8(_environment().get_template(f"{name}.j2").render(values))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dse.chips.k210.bundle"),
        undefined=StrictUndefined,
        autoescape=False,  # C, Python and Markdown, no HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(c_float=_c_float, c_text=_c_text, grouped="{:,}".format)
    return environment


def _c_text(value: str) -> str:
    """A C literal of a printable text, in UTF-8."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _c_float(value: float) -> str:
    """A C literal of the float32 next to `value`: the shortest that reads back as the same."""
    return f"{np.float32(value)!s}f"
