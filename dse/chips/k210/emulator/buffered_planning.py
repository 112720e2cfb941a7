"""From a kmodel of version 3 or 4 to steps on batches of pictures.

Here all that the file says of its tensors is checked, before anything is allocated or run: each
lies in its memory, and what is to be done ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dse.chips.k210.emulator import layer_operations, node_operations
from dse.chips.k210.emulator.convolution import PICKS, Pick, prepare_layer
from dse.chips.k210.emulator.kpu_memory import KPU, KpuTensor, LayerInMemory
from dse.chips.k210.emulator.memory import INPUT, Memory, Region, Space, Spaces, dense_strides
from dse.chips.k210.emulator.operands import Run
from dse.chips.k210.emulator.planning import MOST_WEIGHT_BYTES, MOST_WORK
from dse.chips.k210.emulator.steps import OnCpu
from dse.chips.k210.emulator.tensors import CONSTANT, MAIN, MAPPED, Tensors
from dse.chips.k210.kmodel import layers, nodes
from dse.chips.k210.kmodel.buffered import BufferedKmodel, convolution_of, read_buffered
from dse.chips.k210.kmodel.kmodel_headers import KPU_MEMORY_BYTES
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import Convolution, KpuMap
from dse.chips.k210.kmodel.records import KPU_MEMORY, Range, Shape4, Step

__all__ = ["BufferedPlan", "plan_buffered", "prepared"]

PICTURE: Space = (0, INPUT)
"""What is handed to the runtime: a picture without gaps."""

MOST_MAIN_BYTES = 8 << 20
"""Of the buffer in main memory. The chip has 6 MiB, and no firmware leaves all of them."""

PREPARED: Mapping[type[Step], Callable[[Any, Tensors], Run]] = {
    **layer_operations.PREPARED,
    **node_operations.PREPARED,
}


@dataclass(frozen=True)
class PlannedLayer:
    """A layer of the accelerator whose constants are not read yet; the rest as `LayerInMemory`."""

    layer: Convolution
    read: KpuTensor
    written: KpuTensor
    main: Region | None


@dataclass(frozen=True)
class BufferedPlan:
    """What a kmodel does, all of it within `spaces`."""

    content: bytes
    spaces: Spaces
    input: Region
    outputs: tuple[Region, ...]
    steps: tuple[OnCpu | PlannedLayer, ...]


def plan_buffered(content: bytes) -> BufferedPlan:
    """The steps of the kmodel `content`, of version 3 or 4.

    Raises CompilerError for what the emulator does not know, VerificationFailed for what reaches
    outside of its memory, contradicts itself, or has no end that one could wait for.
    """
    kmodel = read_buffered(content)
    expect(
        kmodel.main_bytes <= MOST_MAIN_BYTES,
        f"it claims {kmodel.main_bytes:,} bytes of memory, far more than the chip has",
    )
    start, size = kmodel.constants
    item = 4 if kmodel.input_is_float else 1
    sizes = {
        MAIN: kmodel.main_bytes,
        KPU: KPU_MEMORY_BYTES,
        PICTURE: item * max(0, math.prod(kmodel.input_shape)),
    }
    spaces = Spaces(sizes, {CONSTANT: content[start : start + size]})
    planner = _Planner(content, spaces, kmodel.weight_width)
    planner.hand_over(kmodel)
    for step in kmodel.steps:
        planner.add(step)
    outputs = tuple(_output(spaces, one) for one in kmodel.outputs)
    expect(len(outputs) > 0, "it has no output")
    return BufferedPlan(content, spaces, planner.input, outputs, tuple(planner.steps))


def prepared(plan: BufferedPlan) -> tuple[OnCpu | LayerInMemory, ...]:
    """The steps of `plan`, with weights and tables made ready."""
    return tuple(
        step
        if isinstance(step, OnCpu)
        else LayerInMemory(
            prepare_layer(step.layer, plan.content, PICKS.get(step.layer.pool, Pick())),
            step.read,
            step.written,
            step.main,
        )
        for step in plan.steps
    )


def _output(spaces: Spaces, place: Range) -> Region:
    """All its numbers, (1, count); the first 1 is the one picture."""
    dtype = ("f4", "u1")[place.type]
    shape = (1, place.size // int(dtype[1:]))
    return Region(spaces, MAPPED[place.memory], place.start, dtype, shape, dense_strides(shape))


@dataclass
class _Planner:
    """Steps so far, and how much they ask for."""

    content: bytes
    spaces: Spaces
    weight_width: int
    steps: list[OnCpu | PlannedLayer] = field(default_factory=list)
    work: int = 0
    weight_bytes: int = 0

    def hand_over(self, kmodel: BufferedKmodel) -> None:
        """The first step: the runtime copies the picture to where the file wants it."""
        shape = kmodel.input_shape
        dtype = "f4" if kmodel.input_is_float else "u1"
        expect(len(shape) == 4 and shape[0] == 1, f"its input is of shape {tuple(shape)}")
        self.input = Region(
            self.spaces, PICTURE, 0, dtype, tuple(shape), dense_strides(tuple(shape)), True
        )
        t = Tensors("input", self.spaces, self.content)
        place, first = kmodel.input_range, kmodel.steps[0] if kmodel.steps else None
        if isinstance(first, layers.KpuConvolution):
            maps = t.kpu(convolution_of(first, self.content, self.weight_width).read)
        elif isinstance(first, layers.FullyConnected):
            self.copy(t.main(first.input, dtype, tuple(shape), written=True))
            return
        else:
            assert place is not None
            if place.memory != KPU_MEMORY:
                self.copy(t.at(place, dtype, tuple(shape), written=True))
                return
            t.require(dtype == "u1", "numbers that the accelerator does not read")
            maps = t.kpu(node_operations.kpu_map(place, Shape4(*shape), t))
        self.upload(maps)

    def copy(self, target: Region) -> None:
        source = self.input

        def run(memory: Memory) -> None:
            memory.view(target)[...] = memory.view(source)

        self.append(OnCpu(run), source.elements)

    def upload(self, target: KpuTensor) -> None:
        source = self.input

        def run(memory: Memory) -> None:
            target.write(memory, memory.view(source)[:, 0].swapaxes(0, 1))

        self.append(OnCpu(run), source.elements)

    def add(self, step: Step) -> None:
        t = Tensors(step.name, self.spaces, self.content)
        if isinstance(step, nodes.KpuConv2d | layers.KpuConvolution):
            self.add_layer(step, t)
            return
        run = PREPARED[type(step)](step, t)
        self.append(OnCpu(run), t.work)

    def add_layer(self, step: nodes.KpuConv2d | layers.KpuConvolution, t: Tensors) -> None:
        layer = convolution_of(step, self.content, self.weight_width)
        self.weight_bytes += layer.weight_bytes
        expect(self.weight_bytes <= MOST_WEIGHT_BYTES, "its layers have more weights than it holds")
        read, written = t.kpu(layer.read), t.kpu(layer.written)
        main = _main_output(step, layer.written, t)
        self.append(PlannedLayer(layer, read, written, main), layer.macs + t.work)

    def append(self, step: OnCpu | PlannedLayer, work: int) -> None:
        self.steps.append(step)
        self.work += work
        expect(self.work <= MOST_WORK, f"it asks for over {self.work:,} products a picture")


def _main_output(
    step: nodes.KpuConv2d | layers.KpuConvolution, written: KpuMap, t: Tensors
) -> Region | None:
    """Where a layer's maps go in main memory, if they do."""
    shape = (written.batches, *written.shape)
    if isinstance(step, nodes.KpuConv2d):
        return t.at(step.main, "u1", shape, written=True) if step.main.size else None
    if step.flags & layers.MAIN_MEMORY_OUTPUT:
        return t.main(step.main, "u1", shape, written=True)
    return None
