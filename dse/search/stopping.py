"""When a training is not worth finishing.

ASHA (Li et al., MLSys 2020) stops the worst share of what runs. With several objectives that
is wrong: a weak design may be the best of its size. Here a training is stopped only when its
AP can hardly reach that of a finished design which is no slower and no larger, because then
nobody would ever choose it.
"""

from __future__ import annotations

import hashlib
import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dse.errors import DseError
from dse.search.proposers.base import Design
from dse.space import Training

__all__ = ["Curve", "Decision", "DominanceStopper", "FinishedCurve"]

Floats = NDArray[np.float64]

Curve = Sequence[tuple[int, int, float]]
"""Learning curve: (epoch, epochs planned, validation AP) a row; epochs count from 1."""


@dataclass(frozen=True)
class FinishedCurve:
    """The learning curve of a training that ran to its end."""

    training: Training
    curve: Curve

    @property
    def val_ap(self) -> float:
        """Validation AP at the end; NaN for an empty curve."""
        return self.curve[-1][2] if self.curve else math.nan


@dataclass(frozen=True)
class Decision:
    """Whether to stop, and why.

    bound: the final validation AP that the training is not expected to exceed; infinite while
    too little is known. beaten_by: id of the finished training that reaches it at no more cost;
    an audited training goes on although it has one.
    """

    stop: bool
    bound: float = math.inf
    beaten_by: str | None = None


GO_ON = Decision(stop=False)

LEAST_SHARE = 1 / 3
"""Of its epochs, before a training can be stopped. On playing cards, 80 epochs, designs gained 0.15
to 0.50 from a tenth of them to the end, the best ones most; from a third 0.01 to 0.18."""


class DominanceStopper:
    """Stops a training that a finished, no slower and no larger design beats already.

    Lifetime: `learn` each curve that ran to its end, once; ask `may_continue` at any epoch. A
    decision costs next to the same however many curves were learnt.

    The bound is the current validation AP plus the `quantile` of the gains that finished
    curves made from the same share of their epochs to their end (never less than 0). Nine in
    ten trainings that resemble the finished ones end below it.

    Finished curves are those that were *not* stopped, so they could come to show smaller and
    smaller gains. A share `audit_share` of all trainings, chosen by their id alone, is
    therefore always finished. It keeps the gains honest, and what becomes of those that would
    have been stopped is the audit of the rule (`dse.study.audit`).
    """

    def __init__(
        self,
        designs: Sequence[Design],
        *,
        quantile: float = 0.9,
        min_curves: int = 4,
        min_epochs: int = 2,
        min_share: float = LEAST_SHARE,
        audit_share: float = 0.1,
    ) -> None:
        """designs: every design of the search, for its cost.

        min_curves: finished curves needed before anything is stopped; min_epochs, min_share:
        epochs, and the share of its own, that every training gets. Raises DseError for shares
        outside 0..1.
        """
        shares = (("quantile", quantile), ("audit_share", audit_share), ("min_share", min_share))
        for name, share in shares:
            if not 0.0 <= share <= 1.0:
                raise DseError(f"{name} is {share:g}", "give a share between 0 and 1")
        self._designs = {design.training: design for design in designs}
        self._quantile = quantile
        self._min_curves = max(1, min_curves)
        self._min_epochs, self._min_share = min_epochs, min_share
        self._audit_share = audit_share
        self._finished: list[FinishedCurve] = []
        self._place: dict[Training, list[int]] = {}  # in the list
        self._rivals: Floats = np.empty((0, 3))  # (finished, 3) val. AP, ms, bytes
        self._gains: dict[float, _Gains] = {}

    def learn(self, finished: FinishedCurve) -> None:
        """Takes in the curve of a training that ran to its end."""
        design = self._designs.get(finished.training)
        costs = (design.latency_ms, design.file_bytes) if design else (math.inf, math.inf)
        self._place.setdefault(finished.training, []).append(len(self._finished))
        self._finished.append(finished)
        self._rivals = np.vstack([self._rivals, (finished.val_ap, *costs)])

    def may_continue(self, training: Training, curve: Curve) -> Decision:
        """Whether `training` goes on after the last epoch of `curve`.

        Goes on whenever something is not known: no cost, no validation AP, too few epochs or
        curves.
        """
        if not curve or training not in self._designs:
            return GO_ON
        epoch, epochs, val_ap = curve[-1]
        if epoch < max(self._min_epochs, self._min_share * epochs) or epoch >= epochs:
            return GO_ON
        if not math.isfinite(val_ap):
            return GO_ON
        gains = self._gains.setdefault(epoch / epochs, _Gains(epoch / epochs))
        gains.catch_up(self._finished)
        if len(gains.ascending) < self._min_curves:
            return GO_ON
        bound = val_ap + max(0.0, gains.quantile(self._quantile))
        beaten_by = self._beaten_by(training, bound)
        stop = beaten_by is not None and not self.is_audited(training)
        return Decision(stop, bound, beaten_by)

    def is_audited(self, training: Training) -> bool:
        """Whether `training` is among those that are finished whatever happens."""
        digest = hashlib.sha256(training.id.encode()).digest()
        return int.from_bytes(digest[:8], "big") < self._audit_share * 2**64

    def _beaten_by(self, training: Training, bound: float) -> str | None:
        """The best finished training at no more cost whose AP is at least `bound`, if any."""
        mine = self._designs[training]
        aps, latencies_ms, sizes = self._rivals.T
        no_dearer = (latencies_ms <= mine.latency_ms) & (sizes <= mine.file_bytes)
        no_dearer[self._place.get(training, [])] = False  # nothing beats itself
        rivals = np.flatnonzero(no_dearer & (aps >= bound))
        return self._finished[rivals[np.argmax(aps[rivals])]].training.id if len(rivals) else None


@dataclass
class _Gains:
    """What the finished curves gained from `share` (0..1) of their epochs to their end.

    ascending: one gain a curve that has AP at both places. seen: curves looked at.
    """

    share: float
    ascending: list[float] = field(default_factory=list)
    seen: int = 0

    def catch_up(self, finished: Sequence[FinishedCurve]) -> None:
        """Takes in the curves behind the first `seen`."""
        for other in finished[self.seen :]:
            gain = _gain(other.curve, self.share)
            if gain is not None:
                insort(self.ascending, gain)
        self.seen = len(finished)

    def quantile(self, share: float) -> float:
        """One of the gains: never interpolated below one that was seen."""
        return self.ascending[math.ceil(share * (len(self.ascending) - 1))]


def _gain(curve: Curve, share: float) -> float | None:
    """How much validation AP a curve gained from `share` (0..1) of its epochs to its end.

    None without any AP. Between two epochs the curve is a straight line; before its first, the
    first value.
    """
    rows = [(epoch / epochs, ap) for epoch, epochs, ap in curve if math.isfinite(ap)]
    if not rows:
        return None
    shares, aps = np.array(rows).T
    return float(aps[-1] - np.interp(share, shares, aps))
