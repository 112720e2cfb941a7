"""A kmodel as a list of steps on batches of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.emulation.container import Container, Tensor, read_container
from dse.emulation.convolution import Maps
from dse.emulation.memory import DATA, INPUT, OUTPUT, RDATA, Memory, Region, Space, dense_strides
from dse.emulation.planning import plan
from dse.emulation.steps import Step

__all__ = ["Program", "read_program"]


@dataclass(frozen=True)
class Program:
    """What a kmodel does: steps, with the maps that are read for the last time in each."""

    container: Container
    steps: tuple[Step, ...]
    done_with: tuple[tuple[int, ...], ...]

    def run(self, pictures: NDArray[np.uint8]) -> list[NDArray[Any]]:
        """Outputs (n, *shape) of `pictures` (n, *input shape without the leading 1)."""
        memory = self._memory(len(pictures))
        memory.view(self._end(self.container.main.inputs[0], INPUT))[:, 0] = pictures
        maps: dict[int, Maps] = {}
        for step, finished in zip(self.steps, self.done_with, strict=True):
            step.run(memory, maps)
            for number in finished:
                del maps[number]
        outputs = self.container.main.outputs
        return [memory.view(self._end(tensor, OUTPUT))[:, 0].copy() for tensor in outputs]

    def _memory(self, pictures: int) -> Memory:
        modules, main = self.container.modules, self.container.main
        sizes: dict[Space, int] = {(i, DATA): m.data_bytes for i, m in enumerate(modules)}
        for location, tensors in ((INPUT, main.inputs), (OUTPUT, main.outputs)):
            space = (self.container.entry[0], location)
            sizes[space] = max(tensor.start + tensor.size_bytes for tensor in tensors)
        constants = {(i, RDATA): m.rdata for i, m in enumerate(modules)}
        return Memory(pictures, sizes, constants)

    def _end(self, tensor: Tensor, location: int) -> Region:
        """An input or output of the whole program."""
        space = (self.container.entry[0], location)
        return Region(space, tensor.start, tensor.dtype, tensor.shape, dense_strides(tensor.shape))


def read_program(kmodel: bytes) -> Program:
    """The program in `kmodel`, its weights and tables prepared.

    Raises VerificationFailed for a damaged file, CompilerError for what is not known here.
    """
    container = read_container(kmodel)
    steps = plan(container)
    return Program(container, tuple(steps), tuple(_last_uses(steps)))


def _last_uses(steps: Sequence[Step]) -> Iterator[tuple[int, ...]]:
    """For each step the maps that no later one uses."""
    last: dict[int, int] = {}
    for index, step in enumerate(steps):
        for name in ("written", "read"):
            if hasattr(step, name):
                last[getattr(step, name)] = index
    for index in range(len(steps)):
        yield tuple(number for number, at in last.items() if at == index)
