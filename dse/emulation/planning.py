"""From the code in a kmodel to steps: which tensor is where, and which map a layer reads.

The accelerator's memory is not emulated byte by byte: each map is an array of its own, found
by its address, after a check that nothing was written over it since.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dse.cost.kpu_layout import kpu_bytes
from dse.emulation.container import Container, Function
from dse.emulation.kpu_code import Copy, Download, KpuMap, Upload, read_kpu_code
from dse.emulation.memory import INPUT, OUTPUT, Region, dense_strides
from dse.emulation.picking import PlannedLayer, prepare_layers
from dse.emulation.stack_code import Address, Argument, Instruction, read_stack_code
from dse.emulation.steps import Copied, Downloaded, OnCpu, OnKpu, Step, Uploaded
from dse.errors import CompilerError

__all__ = ["plan"]


def plan(container: Container) -> list[Step]:
    """The steps of the main function, with all layers prepared.

    Raises CompilerError for what the emulator does not know.
    """
    planner = _Planner(container)
    for instruction in read_stack_code(container.main.text):
        planner.add(instruction)
    downloads = [step.read for step in planner.steps if isinstance(step, Downloaded)]
    planned = [step for step in planner.steps if isinstance(step, PlannedLayer)]
    layers = prepare_layers(planned, downloads)
    return [
        OnKpu(layers[step.written], step.read, step.written)
        if isinstance(step, PlannedLayer)
        else step
        for step in planner.steps
    ]


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
            return Region(space, address.offset, "u1", shape, dense_strides(shape))
        ends = (self.function.inputs, self.inputs)
        if address.location == OUTPUT:
            ends = (self.function.outputs, self.outputs)
        for tensor, given in zip(*ends, strict=True):
            if tensor.start == address.offset:
                space = (self.caller, given.address.location)
                return Region(space, given.address.offset, given.dtype, shape, dense_strides(shape))
        raise CompilerError(
            f"the kmodel's accelerator uses {address}, which is no tensor it was given",
            "the file is damaged: export it again",
        )


def _copied(copy: Copy, module: int) -> Copied:
    ends = ((copy.source, copy.in_strides), (copy.target, copy.out_strides))
    source, target = (
        Region((module, address.location), address.offset, copy.dtype, copy.shape, strides)
        for address, strides in ends
    )
    return Copied(source, target)


def _extent(where: KpuMap) -> tuple[int, int]:
    """First byte and the byte behind the last."""
    shape = (where.height, where.width, where.channels)
    return where.address, where.address + kpu_bytes(shape)
