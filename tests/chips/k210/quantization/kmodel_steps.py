"""A compiled network's own steps, beside those that `dse.chips` lowers it to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.program import KPU_CONVOLUTIONS, Program
from dse.chips.k210.cost.program import Step as LoweredStep
from dse.chips.k210.emulator.container import read_container
from dse.chips.k210.emulator.program import read_program
from dse.chips.k210.emulator.stack_code import Instruction, read_stack_code
from dse.chips.k210.emulator.steps import Downloaded, OnCpu, OnKpu, Step, Uploaded
from dse.chips.k210.quantization.grids import Grid
from dse.network.arrays import Weights
from dse.network.graph import Graph

VIEWS = ("input", "concat", "crop")
"""Lowered steps that no instruction stands for: others write or read in the right place."""

NAMES = {"conv2d": "conv", "resize_image": "upsample"}
"""What the file calls some operations otherwise."""


class FileStep(NamedTuple):
    """A step's name as `dse.chips` has it, and the grid of a conversion."""

    name: str
    grid: Grid | None = None


@dataclass(frozen=True)
class CompiledNetwork:
    """A network, the pictures that calibrated it, and its kmodel."""

    graph: Graph
    weights: Weights
    calibration: NDArray[np.uint8]
    kmodel: bytes

    @cached_property
    def program(self) -> Program:
        return lower(self.graph)

    @cached_property
    def lowered(self) -> list[tuple[int, LoweredStep]]:
        """Steps that the file must hold, with their indices in `program`."""
        return [(i, step) for i, step in enumerate(self.program.steps) if step.op not in VIEWS]

    @cached_property
    def steps(self) -> list[FileStep]:
        own = (i for i in read_stack_code(self._code) if i.name != "call")
        found = read_program(self.kmodel).steps
        return [_on_cpu(next(own)) if isinstance(step, OnCpu) else _named(step) for step in found]

    @property
    def _code(self) -> bytes:
        container = read_container(self.kmodel)
        return container.main.text

    @property
    def accelerator_layers(self) -> list[tuple[str, tuple[int, int, int]]]:
        """Kind and shape (height, width, channels) of what each writes, in the file's order."""
        found = [step for step in read_program(self.kmodel).steps if isinstance(step, OnKpu)]
        maps = [(_named(step).name, step.layer.layer.written) for step in found]
        return [(name, (one.height, one.width, one.channels)) for name, one in maps]

    def reader(self, index: int) -> str:
        """The accelerator's layer that reads what step `index` of `program` makes."""
        while self.program.steps[index].op not in KPU_CONVOLUTIONS:
            index = self.program.readers[index][0]
        return self.program.steps[index].layer


def _named(step: Step) -> FileStep:
    if isinstance(step, OnKpu):
        return FileStep("kpu_depthwise" if step.layer.layer.depthwise else "kpu_conv")
    if isinstance(step, Uploaded):
        return FileStep("upload")
    if isinstance(step, Downloaded):
        return FileStep("download")
    return FileStep("kpu_copy")


def _on_cpu(instruction: Instruction) -> FileStep:
    name, operands = instruction.name, instruction.operands
    grid = None
    if name == "quantize":
        grid = Grid(1 / operands["scale"], round(operands["bias"]))
    elif name == "dequantize":
        grid = Grid(operands["scale"], round(-operands["bias"] / operands["scale"]))
    return FileStep(NAMES.get(name, name), grid)
