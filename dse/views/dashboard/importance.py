"""Which parameter matters for which objective, and how far that can be believed.

A share is a main effect: the part of an objective's variance over the space that a parameter
explains alone. Costs are known everywhere, so theirs are exact. AP is known of the finished
trainings only: a random forest fitted to them predicts it everywhere, and its main effects are
taken (functional ANOVA; Hutter, Hoos and Leyton-Brown, ICML 2014). Each of five forests leaves
a fifth of the trainings out, and predicts them: that says whether there is anything to believe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dse.detection.heads import HEADS
from dse.space import TRAINING_AXES
from dse.views.dashboard.frames import StudyTables
from dse.views.dashboard.marks import canvas_of

__all__ = ["FIRM_SKILL", "LEAST_SKILL", "LEAST_TRAININGS", "Importance", "importance"]

LEAST_TRAININGS = 12
"""Fewer leave some forest with parameter values that it never saw twice."""

LEAST_SKILL, FIRM_SKILL = 0.3, 0.7
"""Share of AP's variance, of trainings left out, from which shares are shown, and trusted."""

FOLDS, TREES = 5, 60


class Share(NamedTuple):
    """What a parameter explains of an objective, 0..1, and the least and the most of the fits."""

    objective: str
    parameter: str
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Importance:
    """What is known of one study.

    shares: columns objective, parameter, share (0..1), low, high (over the forests; of costs
        they are the share). AP has rows only where it can be told.
    trainings: finished, with an AP. candidates: of the space, that the costs' shares are over.
    skill: R2 of the AP predicted for trainings left out; NaN where there are too few.
    """

    shares: pd.DataFrame
    trainings: int
    candidates: int
    skill: float

    @property
    def is_ap_told(self) -> bool:
        """Whether the forests know enough for AP's shares to be shown."""
        return self.skill >= LEAST_SKILL

    def words(self) -> str:
        """The note on confidence: what the shares rest on."""
        costs = f"Costs: exact, over {self.candidates:,} candidates, of their logarithm. "
        meaning = "A share is what a parameter explains alone; the rest is interplay."
        if self.trainings < LEAST_TRAININGS:
            ap = f"AP: nothing can be said from {self.trainings} finished trainings yet; "
            return f"{ap}it takes {LEAST_TRAININGS}. {costs}{meaning}"
        basis = f"{self.trainings} finished trainings; left out of the fit, their AP is predicted "
        if not self.is_ap_told:
            return f"AP: not shown. {basis}no better than R² {self.skill:.2f}. {costs}{meaning}"
        trust = "trust the order" if self.skill >= FIRM_SKILL else "a hint, no more"
        ap = f"AP: from {basis}with R² {self.skill:.2f} ({trust}); ranges over {FOLDS} fits. "
        return f"{ap}{costs}{meaning}"


def importance(tables: StudyTables) -> Importance | None:
    """The main effects of a study's parameters; None where its space varies in none.

    They are over the candidates in deployable formats, whether they fit or not; where there
    are none, over all.
    """
    deployable = tables.space["deployable"] == 1
    space = tables.space[deployable] if deployable.any() else tables.space
    parameters = [name for name in TRAINING_AXES if space[name].nunique() > 1]
    if not parameters:
        return None
    rows = [
        Share(column, name, share, share, share)
        for column in tables.columns.names("objectives")
        if column in space
        for name, share in main_effects(space[parameters], np.log(_floats(space[column]))).items()
    ]
    trained = _trained(tables.designs)
    skill = float("nan")
    if len(trained) >= LEAST_TRAININGS:
        effects, skill = _forests(trained, space.drop_duplicates("training"), parameters)
        if skill >= LEAST_SKILL:
            rows = [*effects, *rows]
    return Importance(pd.DataFrame(rows), len(trained), len(space), skill)


def main_effects(parameters: pd.DataFrame, values: NDArray[np.float64]) -> dict[str, float]:
    """Share of the variance of `values` (n,) that each column (n rows) explains alone, 0..1."""
    whole = float(np.var(values))
    series = pd.Series(values, index=parameters.index)
    return {
        name: float(np.var(series.groupby(parameters[name]).transform("mean"))) / whole
        if whole > 0
        else 0.0
        for name in parameters.columns
    }


def _trained(designs: pd.DataFrame) -> pd.DataFrame:
    """One row a finished training: its deployable format's AP, else its best."""
    finished = designs[designs["ap"].notna() & designs["state"].isin(("front", "dominated"))]
    ordered = finished.sort_values(["deployable", "ap"], ascending=False)
    return ordered.drop_duplicates("training")


def _forests(
    trained: pd.DataFrame, space: pd.DataFrame, parameters: list[str]
) -> tuple[list[Share], float]:
    """AP's rows, and the skill on trainings left out."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.metrics import r2_score
    from sklearn.model_selection import KFold

    known, everywhere = (_encoded(frame[parameters]) for frame in (trained, space))
    ap = _floats(trained["ap"])
    left_out = np.empty_like(ap)
    effects = []
    for fitted, rest in KFold(FOLDS, shuffle=True, random_state=0).split(known):
        forest = RandomForestRegressor(TREES, random_state=0).fit(known[fitted], ap[fitted])
        left_out[rest] = forest.predict(known[rest])
        effects.append(main_effects(space[parameters], forest.predict(everywhere)))
    table = pd.DataFrame(effects)
    rows = [
        Share("ap", name, float(shares.mean()), float(shares.min()), float(shares.max()))
        for name, shares in table.items()
    ]
    return rows, float(r2_score(ap, left_out))


def _encoded(parameters: pd.DataFrame) -> NDArray[np.float64]:
    """Numbers for the trees: a letter as its place in the alphabet, a head among all, an input as
    the side of a square of as many pixels."""
    readers = {
        "breakpoint": ord,
        "head": list(HEADS).index,
        "input_size": lambda size: math.sqrt(canvas_of(size).area),
    }
    return np.column_stack(
        [column.map(readers.get(str(name), float)) for name, column in parameters.items()]
    ).astype(np.float64)


def _floats(column: pd.Series[float]) -> NDArray[np.float64]:
    return np.asarray(column, dtype=np.float64)
