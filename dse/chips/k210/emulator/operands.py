"""The operands of one instruction of the CPU: numbers by name, tensors as regions of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dse.chips.k210.emulator.memory import Memory, Region, Spaces
from dse.chips.k210.emulator.stack_code import Instruction
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import Address
from dse.errors import CompilerError
from dse.machine_code import Array

__all__ = ["CALL_WORK", "Operands", "Run"]

Run = Callable[[Memory], None]
"""An operation with its tensors found: computes it for every picture of a memory."""

CALL_WORK = 50_000
"""What one call of NumPy costs, some microseconds, in numbers that it could compute instead."""


class Operands:
    """The numbers of an instruction by name, and its tensors as regions of memory.

    work: numbers that it moves or computes for one picture, as far as was asked for.
    """

    def __init__(self, instruction: Instruction, spaces: Spaces, module: int) -> None:
        self._name = instruction.name
        self._values = instruction.operands
        self._spaces = spaces
        self._module = module
        self.work = 0

    def __getattr__(self, name: str) -> Any:
        return self._values[name]

    def tensor(
        self,
        name: str,
        dtype: str,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        *,
        written: bool = False,
    ) -> Region:
        """Of `shape`, at the address `name`. Raises VerificationFailed as `Region`."""
        address: Address = self._values[name]
        space = (self._module, address.location)
        found = Region(self._spaces, space, address.offset, dtype, shape, strides, written)
        self.work += found.elements
        return found

    def constant(
        self, name: str, dtype: str, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Region:
        """The same, among what is the same for all pictures."""
        found = self.tensor(name, dtype, shape, strides)
        self.expect(found.is_constant, f"a {name} that is computed")
        return found

    def read(self) -> Region:
        """The tensor `input`."""
        dtype = self._values.get("in_type") or self.type
        return self.tensor("input", dtype, self.shape, self.in_strides)

    def written(self, shape: tuple[int, ...]) -> Region:
        """The tensor `output`, of `shape`."""
        dtype = self._values.get("out_type") or self.type
        return self.tensor("output", dtype, shape, self.out_strides, written=True)

    def limit(self) -> Callable[[Array], Array]:
        """What keeps numbers within the instruction's own limits."""
        low, high = np.float32(self.low), np.float32(self.high)
        return lambda values: np.clip(values, low, high)

    def calls(self, count: int, numbers: int) -> None:
        """Notes the work of `count` calls of NumPy on so many numbers each."""
        self.work += count * (CALL_WORK + numbers)

    def expect(self, truth: bool, what: str) -> None:
        """Raises CompilerError unless it is so: `what` is a variant that is not known here."""
        if not truth:
            raise CompilerError(
                f"the emulator does not know '{self._name}' with {what}",
                "measure this kmodel with the simulator",
            )

    def require(self, truth: bool, what: str) -> None:
        """Raises VerificationFailed unless it is so: nothing can be computed with `what`."""
        expect(truth, f"operation '{self._name}' has {what}")
