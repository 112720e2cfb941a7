"""The tensors of an operation of versions 3 and 4: places in a file, as regions of memory."""

from __future__ import annotations

import math

import numpy as np

from dse.chips.k210.emulator.kpu_memory import KPU, KpuTensor, kpu_tensor
from dse.chips.k210.emulator.memory import DATA, RDATA, Region, Space, Spaces, dense_strides
from dse.chips.k210.emulator.operands import CALL_WORK
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import KpuMap
from dse.chips.k210.kmodel.records import CONSTANTS, KPU_MEMORY, MAIN_MEMORY, FileArray, Range
from dse.errors import CompilerError
from dse.machine_code import Array

__all__ = ["CONSTANT", "MAIN", "MAPPED", "Tensors"]

MAIN: Space = (0, DATA)
CONSTANT: Space = (0, RDATA)

MAPPED = {MAIN_MEMORY: MAIN, CONSTANTS: CONSTANT, KPU_MEMORY: KPU}
"""Memory of a range -> space of the program."""


class Tensors:
    """Finds the tensors of one operation, and notes how much work it asks for.

    content: the file. work: numbers that are moved or computed for one picture.
    """

    def __init__(self, name: str, spaces: Spaces, content: bytes) -> None:
        self._name, self._spaces, self._content = name, spaces, content
        self.work = 0

    def room(self, space: Space) -> int:
        """Bytes of `space`."""
        return self._spaces.size(space)

    def at(
        self, place: Range, dtype: str, shape: tuple[int, ...], *, written: bool = False
    ) -> Region:
        """A tensor without gaps that begins where `place` does.

        Raises VerificationFailed as `Region`.
        """
        return self._region(MAPPED[place.memory], place.start, dtype, shape, written)

    def flat(self, place: Range, dtype: str, *, written: bool = False) -> Region:
        """All numbers of `place`."""
        return self.at(place, dtype, (place.size // int(dtype[1:]),), written=written)

    def main(
        self, start: int, dtype: str, shape: tuple[int, ...], *, written: bool = False
    ) -> Region:
        """A tensor without gaps in main memory."""
        return self._region(MAIN, start, dtype, shape, written)

    def kpu(self, of: KpuMap) -> KpuTensor:
        """A map in the accelerator's memory."""
        self.work += math.prod(of.shape) * of.batches
        return kpu_tensor(self._spaces, of)

    def array(self, found: FileArray) -> Array:
        """A copy of numbers in the file, aligned; the reader has found that they lie there."""
        self.require(min(found.shape) > 0, f"{found.what} {found.shape}")
        numbers = np.frombuffer(
            self._content, f"<{found.dtype}", math.prod(found.shape), found.start
        )
        return numbers.reshape(found.shape).copy()

    def calls(self, count: int, numbers: int) -> None:
        """Notes the work of `count` calls of NumPy on so many numbers each."""
        self.work += count * (CALL_WORK + numbers)

    def expect(self, truth: bool, what: str) -> None:
        """Raises CompilerError unless it is so: `what` is a variant that is not known here."""
        if not truth:
            raise CompilerError(
                f"the emulator does not know '{self._name}' with {what}", "run it on a board"
            )

    def require(self, truth: bool, what: str) -> None:
        """Raises VerificationFailed unless it is so: nothing can be computed with `what`."""
        expect(truth, f"operation '{self._name}' has {what}")

    def _region(
        self, space: Space, start: int, dtype: str, shape: tuple[int, ...], written: bool
    ) -> Region:
        self.require(all(side > 0 for side in shape), f"a tensor of shape {shape}")
        strides = dense_strides(shape)
        found = Region(self._spaces, space, start, dtype, shape, strides, written)
        self.work += found.elements
        return found
