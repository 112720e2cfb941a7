"""What every detector can do, wherever it comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from dse.canvas import InputSize
from dse.detection.head import FACE_HEAD, Head
from dse.errors import UsageError

if TYPE_CHECKING:
    from dse.network.arrays import Predict

__all__ = ["Detector", "Say"]

Say = Callable[[str], None]
"""Told, for the person who waits, what takes time and who computes."""


class Detector(ABC):
    """A network that finds objects.

    Finding one reads its file and refuses what is no detector; it runs while `running` is
    entered, and says at the end who computed.

    name: for people. input_size: names its canvas. pictures: what it is judged on
    unless others are wanted, as of `open_data`. score: the threshold that it is run at, 0..1,
    where it has one of its own. class_scores: the threshold of each class, where it has them.
    head: what its output's channels mean.
    """

    name: str
    input_size: InputSize
    pictures: str = "synthetic"
    score: float | None = None
    class_scores: tuple[float, ...] = ()
    head: Head = FACE_HEAD

    @abstractmethod
    def running(self) -> AbstractContextManager[Predict]:
        """The detector: canvases (n, height, width, 3) -> maps (n, h, w, channels) as in
        training."""

    def predict_at(self, input_size: InputSize) -> Predict:
        """The same weights on a canvas of any size. Raises UsageError where that is fixed."""
        raise UsageError(f"{self.name} has one input size", "leave --pyramid out")
