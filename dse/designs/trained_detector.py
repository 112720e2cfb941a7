"""A trained design as a detector; in the chip's own format its file is what runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dse.canvas import InputSize
from dse.detection.detector import Detector, Say

if TYPE_CHECKING:
    from dse.designs.trained import TrainedDesign
    from dse.network.arrays import Predict

__all__ = ["TrainedDetector"]


class TrainedDetector(Detector):
    """A design of a study, or one that the package ships, in its format."""

    def __init__(self, design: TrainedDesign, say: Say) -> None:
        self.name = design.candidate.id
        self.input_size = design.candidate.training.input_size
        self.pictures = design.job.eval_data
        self.head = design.head
        self._design, self._say = design, say
        say(f"{self.name}: {design.origin}")

    @contextmanager
    def running(self) -> Iterator[Predict]:
        """See `Detector`. Raises CompilerError where the chip does not hold it."""
        if not self._design.runs_on_chip:
            yield self._design.predict_at(self.input_size)
            self._say(f"Keras, weights in {self._design.candidate.format}")
            return
        self._say("compiling")
        with self._design.deploy().running() as predict:
            yield predict
            self._say(predict.how)

    def predict_at(self, input_size: InputSize) -> Predict:
        """See `Detector`; in the chip's format a model of it, as not every size compiles."""
        return self._design.predict_at(input_size)
