"""The operands of one instruction of the CPU: numbers by name, tensors as views of memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from dse.emulation.memory import Memory, Region, Space
from dse.emulation.stack_code import Address, Instruction
from dse.errors import CompilerError
from dse.machine_code import Array

__all__ = ["Operands"]


class Operands:
    """The numbers of an instruction by name, and its tensors as views of memory."""

    def __init__(self, instruction: Instruction, memory: Memory, module: int) -> None:
        self._name = instruction.name
        self._values = instruction.operands
        self._memory = memory
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return self._values[name]

    def tensor(
        self, name: str, dtype: str, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Array:
        """(pictures, *shape) at the address `name`."""
        address: Address = self._values[name]
        space: Space = (self._module, address.location)
        return self._memory.view(Region(space, address.offset, dtype, shape, strides))

    def read(self) -> Array:
        """The tensor `input`."""
        dtype = self._values.get("in_type") or self.type
        return self.tensor("input", dtype, self.shape, self.in_strides)

    def written(self, shape: tuple[int, ...]) -> Array:
        """The tensor `output`, of `shape`."""
        dtype = self._values.get("out_type") or self.type
        return self.tensor("output", dtype, shape, self.out_strides)

    def limited(self, values: Array) -> Array:
        """`values` within the instruction's own limits."""
        return np.clip(values, np.float32(self.low), np.float32(self.high))

    def expect(self, truth: bool, what: str) -> None:
        if not truth:
            raise CompilerError(
                f"the emulator does not know '{self._name}' with {what}",
                "measure this kmodel with the simulator",
            )
