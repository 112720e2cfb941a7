"""A profile: the TOML file that extends a target by constants that were refitted to a log."""

from __future__ import annotations

from pathlib import Path

import tomli_w

from dse import resources
from dse.chips.k210.calibration.refit import Refit
from dse.chips.profiles import WRITTEN

__all__ = ["profile_text"]


def profile_text(refit: Refit, base: str, log: str, fitted: int) -> str:
    """The file's text: the changed keys, each with what it was and how many times moved it.

    base: the name or path of the target that was refitted. log: the log's name. fitted: how
    many of its times the constants were fitted to.
    """
    log = "".join(sign if sign.isprintable() else "?" for sign in log)  # it stands in comments
    title = f"{refit.before.title}, calibrated"
    lines = [
        f"{WRITTEN} from {log}: {fitted} times. CPU: [lowest, likely, highest].",
        "# Beside each value: how many of the times notice it, and what it was before.",
        "",
        tomli_w.dumps({"extends": _findable(base), "title": title}),
    ]
    for name in refit.changed:
        value, old = getattr(refit.after, name), getattr(refit.before, name)
        times = f"{log}, {refit.support[name]} of {fitted} times"
        lines.append(f"{name} = {_number(value)}  # {times}; was {_number(old)}")
    return "\n".join(lines) + "\n"


def _findable(base: str) -> str:
    """A shipped target by its name, one's own by a path that holds wherever dse is started."""
    return base if base in resources.names("constraints") else str(Path(base).resolve())


def _number(value: float | tuple[float, ...]) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_number(one) for one in value)}]"
    return f"{value:.4g}" if "e" not in f"{value:.4g}" else repr(value)
