"""A kmodel on many pictures: the emulator, with the simulator as its referee."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dse.chips.abilities import Run
from dse.chips.k210 import emulator
from dse.chips.k210.compiler.picture_processes import PictureProcesses
from dse.chips.k210.compiler.simulator import kmodel_predictor
from dse.chips.k210.compiler.toolchain import toolchain
from dse.chips.k210.cost.program import VERSION_5
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.chips.k210.kmodel.kmodel_headers import OLDER_RUNTIMES
from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.detection.head import FACE_HEAD, Head
from dse.errors import CompilerError
from dse.network.arrays import Predict

__all__ = ["Refereed", "older_predictor", "refereed"]

REFEREE_PICTURES = 2
"""Pictures that both run: 0.3 s each in the simulator, and a wrong layer shows in any."""


@contextlib.contextmanager
def refereed(
    kmodel: bytes,
    workers: int | None = None,
    *,
    box_scale: float = 1.0,
    head: Head = FACE_HEAD,
    nncase_version: str | None = None,
    older: bytes | None = None,
) -> Iterator[Refereed]:
    """The emulator, if its maps of the first canvases are the simulator's to the bit.

    Where the two differ, or the emulator does not know an operation, it is the simulator that
    predicts. Arguments as of `kmodel_predictor`; workers: threads of the one, processes of the
    other. older: a kmodel of version 3 or 4 made of `kmodel`, which is then what is emulated; in
    version 4 the runtime makes numbers of levels in another order, so maps may differ by roundings.
    Raises VerificationFailed for what is no kmodel of version 5, and, when called,
    where the simulator cannot run it either.
    """
    version = toolchain(nncase_version).version
    with kmodel_predictor(
        kmodel, workers, box_scale=box_scale, head=head, nncase_version=version
    ) as simulate:
        predict = Refereed(older or kmodel, workers, box_scale, simulate, head)
        if not version.startswith(emulator.EMULATED_VERSION):
            predict.settle(f"the emulator was never compared with nncase {version}: simulated")
        yield predict


ROUNDED_VERSION, MOST_ROUNDINGS = 4, 2
"""Its dequantize subtracts before it multiplies: units in the last place of the greatest number."""


def older_predictor(
    kmodel: bytes, map_shape: tuple[int, int, int], workers: int | None = None
) -> Predict:
    """A kmodel of version 3 or 4, emulated: canvases -> maps (n, *map_shape).

    map_shape: (height, width, channels), which such a file does not say. Raises as
    `emulator.predictor`.
    """
    emulate = emulator.predictor(kmodel, workers)
    height, width, channels = map_shape

    def interleaved(canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.moveaxis(emulate(canvases).reshape(-1, channels, height, width), 1, -1)

    return interleaved


class Refereed(Run):
    """Canvases -> maps as in training. Decides when it sees the first canvases.

    note: why it is the simulator; empty while it is the emulator.
    """

    def __init__(
        self,
        kmodel: bytes,
        workers: int | None,
        box_scale: float,
        simulate: PictureProcesses,
        head: Head = FACE_HEAD,
    ) -> None:
        self.note = ""
        self.input_size, self.map_shape = simulate.input_size, simulate.map_shape
        self._kmodel, self._workers, self._scale = kmodel, workers, box_scale
        self._simulate, self._head = simulate, head
        self._chosen: Predict | None = None
        self._version = parse_kmodel(kmodel).version

    def __call__(self, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Maps (n, h, w, channels) of `canvases` (n, h, w, 3), in order."""
        if not len(canvases):
            return self._simulate(canvases)
        if self._chosen is None:
            self._chosen = self._choose(canvases[:REFEREE_PICTURES])
        return self._chosen(canvases)

    @property
    def how(self) -> str:
        """See `Run`."""
        if self.note:
            return f"the file itself, by nncase's simulator: {self.note}"
        if self._version != VERSION_5:
            return (
                f"the file itself, of version {self._version}, by dse's own emulator of nncase "
                f"{OLDER_RUNTIMES[self._version]}, with the maps of the first pictures that "
                "version 5 has in nncase's simulator"
            )
        return (
            "the file itself, emulated, with the same maps of the first pictures as the simulator"
        )

    def settle(self, note: str) -> None:
        """Leaves it to the simulator, for the reason in `note`."""
        self.note, self._chosen = note, self._simulate

    def _choose(self, few: NDArray[np.uint8]) -> Predict:
        # the simulator first: it lives in a process of its own, which a damaged file may kill
        wanted = self._simulate(few)
        try:
            emulate = self._emulator()
            found = unscale_boxes(emulate(few), self._scale, self._head)
            same = self._same(found, wanted)
            self.note = "" if same else "emulator and simulator differ: simulated"
        except CompilerError as error:
            self.note = f"{error}: simulated"
        if self.note:
            return self._simulate
        self._simulate.close()
        return lambda canvases: unscale_boxes(emulate(canvases), self._scale, self._head)

    def _emulator(self) -> Predict:
        if self._version == VERSION_5:
            return emulator.predictor(self._kmodel, self._workers)
        return older_predictor(self._kmodel, self.map_shape, self._workers)

    def _same(self, found: NDArray[np.float32], wanted: NDArray[np.float32]) -> bool:
        """To the bit, but for what version 4 rounds otherwise."""
        if self._version != ROUNDED_VERSION:
            return np.array_equal(found, wanted)
        farthest = MOST_ROUNDINGS * np.spacing(np.abs(wanted).max())
        return bool(np.abs(found - wanted).max() <= farthest)
