"""A kmodel on many pictures: the emulator, with the simulator as its referee."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dse.errors import CompilerError
from dse.export.deployment import Deployment
from dse.network.keras_inference import Predict

__all__ = ["Refereed", "refereed"]

REFEREE_PICTURES = 2
"""Pictures that both run: 0.3 s each in the simulator, and a wrong layer shows in any."""


class Refereed(NamedTuple):
    """predict: canvases -> maps as in training. note: why it is the simulator; else empty."""

    predict: Predict
    note: str


@contextlib.contextmanager
def refereed(
    deployment: Deployment, canvases: NDArray[np.uint8], workers: int = 1
) -> Iterator[Refereed]:
    """The emulator, if its maps of the first `canvases` are the simulator's to the bit.

    canvases: (n, size, size, 3). workers: threads of the one, processes of the other. Where
    the two differ, or the emulator does not know an operation, it is the simulator that
    predicts. Raises VerificationFailed where the simulator cannot run the kmodel either.
    """
    few = canvases[:REFEREE_PICTURES]
    with deployment.predictor(workers) as simulate:
        try:
            emulate = deployment.emulator(workers)
            same = np.array_equal(emulate(few), simulate(few))
            note = "" if same else "emulator and simulator differ: simulated"
        except CompilerError as error:
            note = f"{error}: simulated"
        if note:
            yield Refereed(simulate, note)
            return
    yield Refereed(emulate, "")
