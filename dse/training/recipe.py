"""How a detector is trained: every number that a training depends on, and what it reports."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from dse.errors import UsageError

__all__ = ["LEAST_EPOCHS", "EpochReport", "Recipe"]

LEAST_EPOCHS = 6
LEAST_STEPS = {"faces": 150, "others": 1000}
MOST_EPOCHS = 80
"""Of a training whose recipe leaves it open: steps are what a network learns by. The package's
weights know faces; whatever else takes several times as many."""

MOST_VIEWS = 8
"""Of a picture in such a training: the frozen layers see, and the disk holds, each once."""


@dataclass(frozen=True)
class Recipe:
    """The settings of a training. Two trainings with equal recipes and data are comparable.

    epochs, batch_size: times that each picture is shown, and pictures a step. No epochs: as many
    as `settled` says, which then may ask for more views, too.
    learning_rate: Adam's, at the top of a cosine that falls to zero.
    loss: "focal" (Lin et al., arXiv 1708.02002, with a Huber loss on the offsets) or "paper"
        (cross-entropy over 256 plus squared offsets over 4: Narduzzi et al., section III-D).
    views: versions of each training picture, of which an epoch shows one; the first is plain,
        the others are augmented. The frozen layers see each version once, however many epochs.
    pictures: training pictures used, spread over the data; None is all of them. Fewer are a
        reduced fidelity: quicker, with a lower AP.
    val_pictures: pictures whose AP is measured after each epoch.
    calibration_pictures: training pictures that set the ranges of quantized activations.
    balance: 0 counts every object the same; towards 1 those of rare classes count more (beta of
        Cui et al., arXiv 1901.05555: 0.99 counts up to a hundred objects apart).
    mirror: views may be mirrored; None: unless the classes' names are of digits, letters, arrows
        or the like.
    seed: of views, shuffling and initial head.
    """

    epochs: int = 0
    batch_size: int = 32
    learning_rate: float = 2e-3
    loss: Literal["focal", "paper"] = "focal"
    views: int = 2
    pictures: int | None = None
    val_pictures: int = 120
    calibration_pictures: int = 64
    balance: float = 0.99
    mirror: bool | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 0:
            raise UsageError(f"epochs is {self.epochs}", "epochs is at least 1, or 0: enough")
        for name in ("batch_size", "views", "val_pictures", "calibration_pictures"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}", f"{name} is at least 1")
        if self.pictures is not None and self.pictures < 1:
            raise UsageError(f"pictures is {self.pictures}", "pictures is at least 1")
        if not 0 < self.learning_rate < math.inf:
            raise UsageError(f"learning_rate is {self.learning_rate}", "it is above 0")
        if not 0 <= self.balance < 1:
            raise UsageError(f"balance is {self.balance}", "it is 0 or more, and below 1")
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"seed is {self.seed}", "it is a whole number from 0 to 2^32 - 1")
        if self.loss not in ("focal", "paper"):
            raise UsageError(f"unknown loss '{self.loss}'", "use focal or paper")

    def settled(self, pictures: int, *, are_faces: bool = False) -> Recipe:
        """The recipe for so many training pictures, 0 for nobody knows: a small set is shown more
        often, and in more versions, lest they be learnt by heart. are_faces: all that is on them.
        """
        if self.epochs or not pictures:
            return replace(self, epochs=self.epochs or LEAST_EPOCHS)
        shown = min(pictures, self.pictures or pictures)
        steps = max(1, shown // self.batch_size)
        least_steps = LEAST_STEPS["faces" if are_faces else "others"]
        epochs = min(MOST_EPOCHS, max(LEAST_EPOCHS, -(-least_steps // steps)))
        views = min(MOST_VIEWS, self.views * epochs // LEAST_EPOCHS)
        return replace(self, epochs=epochs, views=max(self.views, views))

    def settled_as(self, other: Recipe) -> Recipe:
        """The recipe with what it leaves open as it is in `other`."""
        if self.epochs:
            return self
        views = other.views if self.views == Recipe.views else self.views
        return replace(self, epochs=other.epochs, views=views)


@dataclass(frozen=True)
class EpochReport:
    """How a training stands after `epoch` of `epochs`; seconds since it began."""

    epoch: int
    epochs: int
    loss: float
    val_ap: float
    seconds: float
