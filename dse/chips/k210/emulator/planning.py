"""From the code in a kmodel to steps: which tensor is where, and which map a layer reads.

Here all that a file says of its memory is checked, before anything is allocated or run: its
regions, its maps, its constants, and how much work it asks for. The accelerator's memory is not
emulated byte by byte: each map is an array of its own, found by its address, after a check that
nothing was written over it since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from dse.chips.k210.emulator.container import Code, CodeModule, Container, Tensor
from dse.chips.k210.emulator.cpu_operations import prepare_operation
from dse.chips.k210.emulator.kpu_code import Copy, Download, Upload, read_kpu_code
from dse.chips.k210.emulator.memory import (
    DATA,
    INPUT,
    OUTPUT,
    RDATA,
    Region,
    Space,
    Spaces,
    dense_strides,
)
from dse.chips.k210.emulator.picking import PlannedLayer
from dse.chips.k210.emulator.stack_code import (
    MOST_STEPS,
    Argument,
    Instruction,
    read_stack_code,
)
from dse.chips.k210.emulator.steps import Copied, Downloaded, OnCpu, Uploaded
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import Address, Convolution, KpuMap
from dse.errors import CompilerError

__all__ = ["Plan", "plan"]

MOST_WORK = 50_000_000_000
"""Products and numbers moved for one picture. The accelerator has 230 thousand million products
a second; what takes it a quarter of one, nncase's simulator does not finish in its minute."""

MOST_WEIGHT_BYTES = 32 << 20
"""Of all layers. Twice what the chip maps of its flash: layers may share weights, a few times."""

CPU, KPU = "stackvm", "k210"
"""Types of modules."""

T = TypeVar("T")

PlannedStep = OnCpu | Uploaded | Downloaded | Copied | PlannedLayer


@dataclass(frozen=True)
class Plan:
    """What a kmodel does, all of it within `spaces`. inputs, outputs: of the whole program."""

    spaces: Spaces
    inputs: tuple[Region, ...]
    outputs: tuple[Region, ...]
    steps: tuple[PlannedStep, ...]


def plan(container: Container) -> Plan:
    """The steps of the main function.

    Raises CompilerError for what the emulator does not know, VerificationFailed for what
    reaches outside of its memory, contradicts itself, or has no end that one could wait for.
    """
    expect(container.modules[container.entry[0]].type == CPU, "the CPU has no code to begin with")
    planner = _Planner(container, _spaces(container))
    main, module = container.main, container.entry[0]
    inputs = tuple(_end(planner.spaces, module, INPUT, tensor) for tensor in main.inputs)
    outputs = tuple(_end(planner.spaces, module, OUTPUT, tensor) for tensor in main.outputs)
    for instruction in read_stack_code(main.text):
        planner.add(instruction)
    return Plan(planner.spaces, inputs, outputs, tuple(planner.steps))


def _spaces(container: Container) -> Spaces:
    modules, (entry, _) = container.modules, container.entry
    sizes = {(i, DATA): module.data_bytes for i, module in enumerate(modules)}
    for location, tensors in ((INPUT, container.main.inputs), (OUTPUT, container.main.outputs)):
        expect(len(tensors) > 0, "it has no input or no output")
        sizes[entry, location] = max(tensor.start + tensor.size_bytes for tensor in tensors)
    return Spaces(sizes, {(i, RDATA): module.rdata for i, module in enumerate(modules)})


def _end(spaces: Spaces, module: int, location: int, tensor: Tensor) -> Region:
    """An input or output of the whole program; the program itself writes both."""
    strides = dense_strides(tensor.shape)
    space = (module, location)
    found = Region(spaces, space, tensor.start, tensor.dtype, tensor.shape, strides, written=True)
    expect(tensor.shape[:1] == (1,), f"{found} is not of one picture")
    return found


@dataclass
class _Planner:
    """Steps so far, and which map lies where in the accelerator's memory."""

    container: Container
    spaces: Spaces
    steps: list[PlannedStep] = field(default_factory=list)
    placed: dict[KpuMap, int] = field(default_factory=dict)
    maps: int = 0
    work: int = 0
    weight_bytes: int = 0

    def add(self, instruction: Instruction) -> None:
        main = self.container.entry[0]
        if instruction.name != "call":
            run, work = prepare_operation(instruction, self.spaces, main)
            self.append(OnCpu(run), work)
            return
        operands = instruction.operands
        module = _item(self.container.modules, operands["module"], "module")
        if module.type != KPU:
            raise CompilerError(
                f"the emulator does not know modules of type '{module.type}'",
                "measure this kmodel with the simulator",
            )
        function = _item(module.functions, operands["function"], "function")
        inputs, outputs = operands["inputs"], operands["outputs"]
        same = len(inputs) == len(function.inputs) and len(outputs) == len(function.outputs)
        expect(same, "a function is called with another number of tensors than it has")
        self.add_call(
            _Call(self.spaces, operands["module"], main, function, inputs, outputs), module
        )

    def add_call(self, call: _Call, module: CodeModule) -> None:
        for operation in read_kpu_code(call.function.text):
            if isinstance(operation, Copy):
                copied = call.copied(operation)
                self.append(copied, copied.source.elements)
            elif isinstance(operation, Upload):
                source = call.region(operation.source, operation.written)
                self.append(Uploaded(source, self.place(operation.written)), source.elements)
            elif isinstance(operation, Download):
                read = self.find(operation.read)
                self.download(read, call, operation.read, operation.target)
            else:
                self.add_layer(operation, call, module)

    def add_layer(self, layer: Convolution, call: _Call, module: CodeModule) -> None:
        layer.expect_constants(len(module.rdata))
        self.weight_bytes += layer.weight_bytes
        expect(self.weight_bytes <= MOST_WEIGHT_BYTES, "its layers have more weights than it holds")
        read = self.find(layer.read)
        planned = PlannedLayer(layer, module.rdata, read, self.place(layer.written))
        self.append(planned, layer.macs)
        if layer.target is not None:
            self.download(planned.written, call, layer.written, layer.target)

    def download(self, number: int, call: _Call, read: KpuMap, target: Address) -> None:
        region = call.region(target, read, written=True)
        self.append(Downloaded(number, region), region.elements)

    def append(self, step: PlannedStep, work: int) -> None:
        self.steps.append(step)
        self.work += work
        expect(len(self.steps) <= MOST_STEPS, f"it has more than {MOST_STEPS} operations")
        expect(self.work <= MOST_WORK, f"it asks for over {self.work:,} products a picture")

    def place(self, written: KpuMap) -> int:
        """A number for the map; those that it overwrites are forgotten."""
        begin, end = written.address, written.end
        for other in list(self.placed):
            if other.address < end and begin < other.end:
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

    spaces: Spaces
    module: int
    caller: int
    function: Code
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]

    def region(self, address: Address, of: KpuMap, *, written: bool = False) -> Region:
        """Where the accelerator's `address` is in main memory, for the whole of a map.

        It takes tensors as dense whatever strides it is told: where the compiler hands it a
        part of a larger tensor, the simulator reads other pixels than the network means.
        """
        space, offset, given = self.locate(address)
        if given is not None:
            expect(given == "u1", f"the accelerator is given numbers of type {given}")
        return Region(self.spaces, space, offset, "u1", of.shape, dense_strides(of.shape), written)

    def locate(self, address: Address) -> tuple[Space, int, str | None]:
        """Space and offset of the accelerator's `address`; type of the tensor given there."""
        if address.location not in (INPUT, OUTPUT):
            return (self.module, address.location), address.offset, None
        given = self.given(address)
        return (self.caller, given.address.location), given.address.offset, given.dtype

    def given(self, address: Address) -> Argument:
        """The tensor that the caller gave for the function's own at `address`.

        It must begin there, as in `k210_runtime_function::memory_at` of nncase. Its compiler makes
        other files all the same, where a map that leaves the function is cropped inside of it.
        """
        ends: tuple[Sequence[Tensor], Sequence[Argument]] = (self.function.inputs, self.inputs)
        if address.location == OUTPUT:
            ends = (self.function.outputs, self.outputs)
        for tensor, given in zip(*ends, strict=True):
            if tensor.start == address.offset:
                return given
        if any(0 < address.offset - tensor.start < tensor.size_bytes for tensor in ends[0]):
            raise CompilerError(
                f"the kmodel's accelerator uses {address}, which lies within a tensor that it was "
                "given: nncase's own runtime refuses to run such a file ('Invalid argument')",
                "change the network: no crop of a map that other layers read, too",
            )
        raise CompilerError(
            f"the kmodel's accelerator uses {address}, which is no tensor it was given",
            "the file is damaged: export it again",
        )

    def copied(self, copy: Copy) -> Copied:
        """The step of a copy within the accelerator's module."""
        source, target = (
            Region(self.spaces, *self.locate(address)[:2], copy.dtype, copy.shape, strides, written)
            for address, strides, written in (
                (copy.source, copy.in_strides, False), (copy.target, copy.out_strides, True),
            )
        )  # fmt: skip
        return Copied(source, target)


def _item(items: Sequence[T], number: int, what: str) -> T:
    expect(number < len(items), f"code calls {what} {number}, there are {len(items)}")
    return items[number]
