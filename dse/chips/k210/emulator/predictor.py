"""The emulator as a detector: canvases in, maps out."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from dse.chips.k210.emulator.program import read_program
from dse.errors import CompilerError

__all__ = ["EmulatedKmodel", "predictor"]

PIXELS_AT_A_TIME = 8 * 224 * 224
"""Per thread: as many pictures as keep the maps in the caches, as few calls as that leaves."""

BYTES_AT_A_TIME = 256 << 20
"""Per thread: main memory of the pictures, which a small one may ask much of."""

Maps = NDArray[np.float32]


def predictor(kmodel: bytes, workers: int | None = None) -> EmulatedKmodel:
    """The network that `kmodel` is, with one input and any number of outputs.

    workers: threads, default one a core. Raises VerificationFailed for a damaged file and
    CompilerError for one that holds what the emulator does not know.
    """
    return EmulatedKmodel(kmodel, workers or os.cpu_count() or 1)


class EmulatedKmodel:
    """A `Predict`: called with canvases, it returns the maps of the only output."""

    def __init__(self, kmodel: bytes, workers: int) -> None:
        self._program = read_program(kmodel)
        self._workers = workers
        inputs = self._program.inputs
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise CompilerError(
                f"the kmodel reads {[region.shape for region in inputs]}, not one picture",
                "run it in the simulator",
            )
        self._wanted, self._dtype = inputs[0].shape[1:], np.dtype(inputs[0].dtype)

    def __call__(self, canvases: NDArray[np.uint8]) -> Maps:
        """Maps (n, h, w, channels) of `canvases` (n, height, width, channels) uint8.

        Raises ValueError for canvases of another shape or a network with several outputs.
        """
        found = self.outputs(canvases)
        if len(found) != 1:
            raise ValueError(f"the network has {len(found)} outputs: call `outputs`")
        return found[0]

    def outputs(self, canvases: NDArray[Any]) -> list[Maps]:
        """All outputs, each (n, h, w, channels), in the order of the file.

        A network that was compiled for planar pictures writes planar maps; here both are
        interleaved. Versions 3 and 4 say no shapes: their outputs are (n, numbers), as they lie.
        canvases: uint8, or float32 where the file reads that; planar ones are taken, too.
        Raises ValueError for canvases of another shape.
        """
        planar = canvases.shape[1:] != self._wanted
        pictures = canvases.transpose(0, 3, 1, 2) if planar else canvases
        if canvases.dtype != self._dtype or pictures.shape[1:] != self._wanted:
            raise ValueError(
                f"canvases are {canvases.dtype} {canvases.shape}, the network reads planar "
                f"{self._dtype} {self._wanted}"
            )
        most = BYTES_AT_A_TIME // self._program.spaces.bytes_a_picture
        at_once = max(1, min(most, 3 * PIXELS_AT_A_TIME // int(np.prod(self._wanted))))
        starts = range(0, max(1, len(pictures)), at_once)
        parts = [pictures[start : start + at_once] for start in starts]
        # each thread multiplies its own matrices: a library with threads of its own is in the way
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(self._workers) as pool:
            found = list(pool.map(self._program.run, parts))
        maps = [
            np.concatenate(pieces).astype(np.float32, copy=False)
            for pieces in zip(*found, strict=True)
        ]
        return [np.moveaxis(one, 1, -1) if planar and one.ndim == 4 else one for one in maps]
