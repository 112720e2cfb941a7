"""A kmodel as a list of steps on batches of pictures.

The accelerator's memory is not emulated byte by byte: each map is an array of its own, found
by its address, after a check that nothing was written over it since. Main memory is bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.cost.kpu_layout import kpu_bytes
from dse.emulation.container import Container, Function, Tensor, read_container
from dse.emulation.convolution import Layer, Maps
from dse.emulation.cpu_operations import run_on_cpu
from dse.emulation.kpu_code import Copy, Download, KpuMap, Upload, read_kpu_code
from dse.emulation.memory import Memory, Region, Space
from dse.emulation.picking import PlannedLayer, prepare_layers
from dse.emulation.stack_code import Address, Argument, Instruction, read_stack_code
from dse.errors import CompilerError

__all__ = ["Program", "read_program"]

INPUT, OUTPUT, RDATA, DATA = range(4)
"""`memory_location_t` of nncase."""


@dataclass(frozen=True)
class OnCpu:
    """An operation of the CPU."""

    instruction: Instruction
    module: int


@dataclass(frozen=True)
class Uploaded:
    """Main memory -> map `written`."""

    source: Region
    shape: tuple[int, int, int]
    written: int


@dataclass(frozen=True)
class Downloaded:
    """Map `read` -> main memory."""

    read: int
    target: Region


@dataclass(frozen=True)
class Copied:
    """Main memory -> main memory, by the accelerator's module."""

    source: Region
    target: Region


@dataclass(frozen=True)
class OnKpu:
    """A layer of the accelerator, map -> map."""

    layer: Layer
    read: int
    written: int


Step = OnCpu | Uploaded | Downloaded | Copied | OnKpu


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
            _run(step, memory, maps)
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
        return Region(space, tensor.start, tensor.dtype, tensor.shape, _dense(tensor.shape))


def read_program(kmodel: bytes) -> Program:
    """The program in `kmodel`, its weights and tables prepared.

    Raises VerificationFailed for a damaged file, CompilerError for what is not known here.
    """
    container = read_container(kmodel)
    planner = _Planner(container)
    for instruction in read_stack_code(container.main.text):
        planner.add(instruction)
    downloads = [step.read for step in planner.steps if isinstance(step, Downloaded)]
    planned = [step for step in planner.steps if isinstance(step, PlannedLayer)]
    layers = prepare_layers(planned, downloads)
    steps = [
        OnKpu(layers[step.written], step.read, step.written)
        if isinstance(step, PlannedLayer)
        else step
        for step in planner.steps
    ]
    return Program(container, tuple(steps), tuple(_last_reads(steps)))


@dataclass
class _Planner:
    """Steps so far, and which map lies where in the accelerator's memory."""

    container: Container
    steps: list[Step | PlannedLayer] = field(default_factory=list)
    placed: dict[KpuMap, int] = field(default_factory=dict)
    maps: int = 0

    def add(self, instruction: Instruction) -> None:
        main = self.container.entry[0]
        if instruction.name != "call":
            self.steps.append(OnCpu(instruction, main))
            return
        operands = instruction.operands
        module = self.container.modules[operands["module"]]
        if module.type != "k210":
            raise CompilerError(
                f"the emulator does not know modules of type '{module.type}'",
                "measure this kmodel with the simulator",
            )
        function = module.functions[operands["function"]]
        call = _Call(operands["module"], main, function, operands["inputs"], operands["outputs"])
        self.add_call(call, module.rdata)

    def add_call(self, call: _Call, rdata: bytes) -> None:
        for operation in read_kpu_code(call.function.text):
            if isinstance(operation, Copy):
                self.steps.append(_copied(operation, call.module))
            elif isinstance(operation, Upload):
                shape = operation.written[1:]
                source = call.region(operation.source, shape)
                self.steps.append(Uploaded(source, shape, self.place(operation.written)))
            elif isinstance(operation, Download):
                target = call.region(operation.target, operation.read[1:])
                self.steps.append(Downloaded(self.find(operation.read), target))
            else:
                read = self.find(operation.read)
                layer = PlannedLayer(operation, rdata, read, self.place(operation.written))
                self.steps.append(layer)
                if operation.target is not None:
                    target = call.region(operation.target, operation.written[1:])
                    self.steps.append(Downloaded(layer.written, target))

    def place(self, written: KpuMap) -> int:
        """A number for the map; those that it overwrites are forgotten."""
        begin, end = _extent(written)
        for other in list(self.placed):
            first, last = _extent(other)
            if first < end and begin < last:
                del self.placed[other]
        self.maps += 1
        self.placed[written] = self.maps
        return self.maps

    def find(self, read: KpuMap) -> int:
        if read not in self.placed:
            raise CompilerError(
                f"the kmodel reads {read}, which no layer wrote as a whole",
                "measure this kmodel with the simulator",
            )
        return self.placed[read]


@dataclass(frozen=True)
class _Call:
    """A function of the accelerator and the tensors that the CPU hands to it."""

    module: int
    caller: int
    function: Function
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]

    def region(self, address: Address, shape: tuple[int, ...]) -> Region:
        """Where the accelerator's `address` is in main memory.

        It takes tensors as dense whatever strides it is told: where the compiler hands it a
        part of a larger tensor, the simulator reads other pixels than the network means.
        """
        if address.location not in (INPUT, OUTPUT):
            space = (self.module, address.location)
            return Region(space, address.offset, "u1", shape, _dense(shape))
        ends = (self.function.inputs, self.inputs)
        if address.location == OUTPUT:
            ends = (self.function.outputs, self.outputs)
        for tensor, given in zip(*ends, strict=True):
            if tensor.start == address.offset:
                space = (self.caller, given.address.location)
                return Region(space, given.address.offset, given.dtype, shape, _dense(shape))
        raise CompilerError(
            f"the kmodel's accelerator uses {address}, which is no tensor it was given",
            "the file is damaged: export it again",
        )


def _run(step: Step, memory: Memory, maps: dict[int, Maps]) -> None:
    """One step on the whole batch."""
    if isinstance(step, OnKpu):
        maps[step.written] = step.layer.run(maps[step.read])
    elif isinstance(step, Uploaded):
        levels = memory.view(step.source)
        planar = levels.reshape(len(levels), *step.shape).swapaxes(0, 1)
        maps[step.written] = np.ascontiguousarray(planar)
    elif isinstance(step, Downloaded):
        target = memory.view(step.target)
        target[...] = maps[step.read].swapaxes(0, 1).reshape(target.shape)
    elif isinstance(step, Copied):
        memory.view(step.target)[...] = memory.view(step.source)
    else:
        run_on_cpu(step.instruction, memory, step.module)


def _copied(copy: Copy, module: int) -> Copied:
    ends = ((copy.source, copy.in_strides), (copy.target, copy.out_strides))
    source, target = (
        Region((module, address.location), address.offset, copy.dtype, copy.shape, strides)
        for address, strides in ends
    )
    return Copied(source, target)


def _last_reads(steps: list[Step]) -> Iterator[tuple[int, ...]]:
    """For each step the maps that no later step reads."""
    last: dict[int, int] = {}
    for index, step in enumerate(steps):
        for name in ("written", "read"):
            if hasattr(step, name):
                last[getattr(step, name)] = index
    for index in range(len(steps)):
        yield tuple(number for number, at in last.items() if at == index)


def _extent(where: KpuMap) -> tuple[int, int]:
    """First byte and the byte behind the last."""
    shape = (where.height, where.width, where.channels)
    return where.address, where.address + kpu_bytes(shape)


def _dense(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of a tensor without gaps."""
    return tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
