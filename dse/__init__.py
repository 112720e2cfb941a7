"""Design-space exploration for tiny vision chips: the best detector that a chip can hold.

    >>> import dse
    >>> dse.check("A98-a0.5-224").fits          # before anything is trained
    True
    >>> study = dse.explore(budget=50, target="k210")
    >>> study.front                             # a DataFrame, the best AP first
    >>> dse.export("best", study.name)          # the file for the chip, verified

Names are loaded when they are first used, so that `import dse` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dse.lazy import lazy

if TYPE_CHECKING:
    from dse.api.functions import (
        check,
        detect,
        evaluate,
        explain,
        explore,
        export,
        open_study,
        verify,
    )
    from dse.api.study import Study
    from dse.chips.profiles import load_target
    from dse.chips.target import Target
    from dse.errors import DseError
    from dse.space import Candidate, SearchSpace, Training

__all__ = [
    "Candidate",
    "DseError",
    "SearchSpace",
    "Study",
    "Target",
    "Training",
    "check",
    "detect",
    "evaluate",
    "explain",
    "explore",
    "export",
    "load_target",
    "open_study",
    "verify",
]

__getattr__ = lazy(
    __name__,
    {
        "Candidate": "dse.space",
        "DseError": "dse.errors",
        "SearchSpace": "dse.space",
        "Study": "dse.api.study",
        "Target": "dse.chips.target",
        "Training": "dse.space",
        "check": "dse.api.functions",
        "detect": "dse.api.functions",
        "evaluate": "dse.api.functions",
        "explain": "dse.api.functions",
        "explore": "dse.api.functions",
        "export": "dse.api.functions",
        "load_target": "dse.chips.profiles",
        "open_study": "dse.api.functions",
        "verify": "dse.api.functions",
    },
)


def __dir__() -> list[str]:
    return __all__
