"""A kmodel as a list of steps on batches of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.emulator.buffered_planning import BufferedPlan, plan_buffered, prepared
from dse.chips.k210.emulator.container import read_container
from dse.chips.k210.emulator.convolution import Maps
from dse.chips.k210.emulator.memory import Memory, Region, Spaces
from dse.chips.k210.emulator.picking import PlannedLayer, prepare_layers
from dse.chips.k210.emulator.planning import plan
from dse.chips.k210.emulator.steps import Downloaded, OnKpu, Step
from dse.chips.k210.kmodel.kmodel import parse_kmodel

__all__ = ["Program", "check_program", "read_program"]


@dataclass(frozen=True)
class Program:
    """What a kmodel does: steps, with the maps that are read for the last time in each."""

    spaces: Spaces
    inputs: tuple[Region, ...]
    outputs: tuple[Region, ...]
    steps: tuple[Step, ...]
    done_with: tuple[tuple[int, ...], ...]

    def run(self, pictures: NDArray[np.uint8]) -> list[NDArray[Any]]:
        """Outputs (n, *shape) of `pictures` (n, *input shape without the leading 1)."""
        memory = Memory(len(pictures), self.spaces)
        memory.view(self.inputs[0])[:, 0] = pictures
        maps: dict[int, Maps] = {}
        with np.errstate(all="ignore"):  # as the chip, which goes on with what came out
            for step, finished in zip(self.steps, self.done_with, strict=True):
                step.run(memory, maps)
                for number in finished:
                    del maps[number]
        return [memory.view(output)[:, 0].copy() for output in self.outputs]


def read_program(kmodel: bytes) -> Program:
    """The program in `kmodel`, its weights and tables prepared.

    Raises VerificationFailed for a damaged file, CompilerError for what is not known here.
    """
    with np.errstate(all="ignore"):
        if parse_kmodel(kmodel).version != 5:
            return _buffered_program(plan_buffered(kmodel))
        planned = plan(read_container(kmodel))
        downloads = [step.read for step in planned.steps if isinstance(step, Downloaded)]
        own = [step for step in planned.steps if isinstance(step, PlannedLayer)]
        layers = prepare_layers(own, downloads)
    steps = tuple(
        OnKpu(layers[step.written], step.read, step.written)
        if isinstance(step, PlannedLayer)
        else step
        for step in planned.steps
    )
    return Program(planned.spaces, planned.inputs, planned.outputs, steps, tuple(_last_uses(steps)))


def check_program(kmodel: bytes) -> None:
    """Raises VerificationFailed where `kmodel` reaches outside of its memory or is damaged
    otherwise, and CompilerError where what is not known here keeps that from being told."""
    with np.errstate(all="ignore"):
        if parse_kmodel(kmodel).version == 5:
            plan(read_container(kmodel))
        else:
            plan_buffered(kmodel)


def _buffered_program(planned: BufferedPlan) -> Program:
    """Of version 3 or 4: the accelerator's memory is emulated byte for byte, there are no maps."""
    steps = prepared(planned)
    none: tuple[tuple[int, ...], ...] = ((),) * len(steps)
    return Program(planned.spaces, (planned.input,), planned.outputs, steps, none)


def _last_uses(steps: Sequence[Step]) -> Iterator[tuple[int, ...]]:
    """For each step the maps that no later one uses."""
    last: dict[int, int] = {}
    for index, step in enumerate(steps):
        for name in ("written", "read"):
            if hasattr(step, name):
                last[getattr(step, name)] = index
    finished: list[list[int]] = [[] for _ in steps]
    for number, index in last.items():
        finished[index].append(number)
    yield from map(tuple, finished)
