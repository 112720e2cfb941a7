"""How `dse` is called where this process was called, so that a hint can be typed as it stands."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from pathlib import Path

__all__ = ["typed"]


def typed(command: str) -> str:
    """What to type for `dse COMMAND`: "uv run dse search", say."""
    return f"{_launcher()} {command}"


@functools.cache
def _launcher() -> str:
    """`uv run` names itself in UV, and the Python that `python3 -m uv` was."""
    if "UV" in os.environ:
        if "UV_INTERNAL__PARENT_INTERPRETER" in os.environ:
            return "python3 -m uv run dse"
        uv = os.environ["UV"]
        return f"{'uv' if shutil.which('uv', path=_path_of_the_caller()) else uv} run dse"
    ours = Path(sys.executable).parent
    found = shutil.which("dse")
    if found and Path(found).parent == ours:
        return "dse"
    python = Path(sys.executable)
    here = Path.cwd()
    return f"{python.relative_to(here) if python.is_relative_to(here) else python} -m dse"


def _path_of_the_caller() -> str:
    """PATH without this environment's programs, which `uv run` has put first."""
    ours = str(Path(sys.executable).parent)
    return os.pathsep.join(
        one for one in os.environ.get("PATH", "").split(os.pathsep) if one != ours
    )
