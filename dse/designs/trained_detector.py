"""A trained design as a detector; in kpu8 it is the kmodel that runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dse.designs.detector import Detector, Say

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
        self._design, self._say = design, say
        say(f"{self.name}: {design.origin}")

    @contextmanager
    def running(self) -> Iterator[Predict]:
        """See `Detector`. Raises CompilerError where no chip holds it in kpu8."""
        if self._design.candidate.format != "kpu8":
            yield self._design.predict_at(self.input_size)
            self._say(f"Keras, weights in {self._design.candidate.format}")
            return
        from dse.designs.files import KmodelDetector

        self._say("compiling")
        deployed = self._design.deploy()
        kmodel, version = deployed.compiled.kmodel, deployed.compiled.nncase_version
        compiled = KmodelDetector(self.name, kmodel, deployed.box_scale, None, self._say, version)
        with compiled.running() as predict:
            yield predict

    def predict_at(self, input_size: int) -> Predict:
        """See `Detector`; in kpu8 a model of the chip, as not every size compiles."""
        return self._design.predict_at(input_size)
