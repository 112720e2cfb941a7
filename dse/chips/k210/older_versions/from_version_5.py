"""From a kmodel of version 5, as nncase 1.9 compiles it, to a `LevelProgram`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dse.chips.k210.emulator.container import CodeModule, Container, read_container
from dse.chips.k210.emulator.kpu_code import Copy, Download, Upload, read_kpu_code
from dse.chips.k210.emulator.memory import INPUT, OUTPUT, Space
from dse.chips.k210.emulator.stack_code import Argument, Instruction, read_stack_code
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import (
    ACTIVATION_BYTES,
    NORM_BYTES,
    Address,
    Convolution,
    KpuMap,
)
from dse.chips.k210.older_versions.level_operations import OPERATIONS
from dse.chips.k210.older_versions.level_program import (
    Convolved,
    Dequantized,
    LevelProgram,
    LookedUp,
    Padded,
    Sliced,
    Tensor,
    Uploaded,
)
from dse.chips.k210.older_versions.level_values import (
    LEVELS,
    Cut,
    Looked,
    Number,
    Plain,
    Surrounded,
)
from dse.chips.k210.older_versions.places import Places, cannot

__all__ = ["level_program"]


def level_program(kmodel: bytes) -> LevelProgram:
    """What the kmodel `kmodel`, of version 5, does.

    Raises VerificationFailed for a damaged file; CompilerError, with its name, for what is computed
    on the CPU between layers in another way than number by number.
    """
    container = read_container(kmodel)
    inputs = container.main.inputs
    if len(inputs) != 1 or inputs[0].dtype != "u1" or len(inputs[0].shape) != 4:
        raise cannot("another input than one picture of bytes")
    channels, height, width = inputs[0].shape[1:]
    program = LevelProgram(Tensor((channels, height, width)))
    reader = _Reader(container, program)
    reader.places.write(reader.main(INPUT), inputs[0].start, 1, Plain(program.picture))
    for instruction in read_stack_code(container.main.text):
        reader.add(instruction)
    reader.finish()
    return program


@dataclass
class _Reader:
    """What lies where so far."""

    container: Container
    program: LevelProgram
    places: Places = field(default_factory=Places)
    maps: dict[KpuMap, Convolved | Tensor] = field(default_factory=dict)
    outputs: dict[int, Tensor] = field(default_factory=dict)

    def main(self, location: int) -> Space:
        """A space of the module that a runtime calls."""
        return self.container.entry[0], location

    def add(self, one: Instruction) -> None:
        if one.name == "call":
            self.call(one.operands)
            return
        if one.name not in OPERATIONS:
            raise cannot(f"the CPU's operation '{one.name}'")
        o = one.operands
        address: Address = o["input"]
        dtype = o.get("in_type") or o["type"]
        number = self.places.read(
            self.main(address.location), address.offset, int(dtype[1:]), o["shape"], o["in_strides"]
        )
        constants = self.container.modules[self.container.entry[0]].rdata
        made = OPERATIONS[one.name](number, o, constants)
        to: Address = o["output"]
        made_type = o.get("out_type") or o["type"]
        if made_type == "u1":
            made = Plain(self.levels(made))
        elif to.location == OUTPUT:
            self.put_out(to, made)
        self.places.write(self.main(to.location), to.offset, int(made_type[1:]), made)

    def levels(self, number: Number, into: Tensor | None = None) -> Tensor:
        """`number`, which is of levels, in main memory: emits what puts it there."""
        if isinstance(number, Plain):
            if into is None:
                return number.tensor
            number = Looked(number.tensor, LEVELS)
        target = Tensor(number.shape) if into is None else into
        if isinstance(number, Looked):
            self.program.steps.append(LookedUp(number.tensor, target, number.table.tobytes()))
        elif isinstance(number, Surrounded):
            inner = self.levels(number.inner)
            self.program.steps.append(Padded(inner, target, number.margins, int(number.value)))
        elif isinstance(number, Cut):
            self.program.steps.append(Sliced(self.levels(number.inner), target, number.box))
        else:
            first = 0
            for part in number.parts:
                self.levels(part, Tensor(part.shape, 1, target, first))
                first += part.shape[0]
        return target

    def put_out(self, to: Address, number: Number) -> None:
        """An output: it stays levels as long as it can."""
        boxes = []
        while isinstance(number, Cut):
            boxes.append(number.box)
            number = number.inner
        if not isinstance(number, Looked) or number.scale is None:
            raise cannot("an output that is not a layer of the KPU, or a part of one")
        levels: Number = Plain(number.tensor)
        for box in reversed(boxes):
            levels = Cut(levels, box)
        source = self.levels(levels)
        target = self.outputs[to.offset] = Tensor(source.shape, 4)
        self.program.steps.append(Dequantized(source, target, number.scale, number.bias))

    def finish(self) -> None:
        """Outputs in the file's order."""
        for tensor in self.container.main.outputs:
            expect(tensor.start in self.outputs, "an output is never written")
            self.program.outputs.append(self.outputs[tensor.start])
        expect(len(self.program.outputs) > 0, "it has no output")

    def call(self, operands: dict[str, Any]) -> None:
        """A function of the accelerator."""
        number = operands["module"]
        expect(number < len(self.container.modules), f"code calls module {number}")
        module = self.container.modules[number]
        expect(
            operands["function"] < len(module.functions), "code calls a function that is missing"
        )
        function = module.functions[operands["function"]]
        given: dict[tuple[int, int], Argument] = {}
        for location, tensors, arguments in (
            (INPUT, function.inputs, operands["inputs"]),
            (OUTPUT, function.outputs, operands["outputs"]),
        ):
            expect(len(tensors) == len(arguments), "a function is called with other tensors")
            for tensor, argument in zip(tensors, arguments, strict=True):
                given[location, tensor.start] = argument

        def place(address: Address) -> tuple[Space, int]:
            argument = given.get((address.location, address.offset))
            if argument is None:
                expect(address.location not in (INPUT, OUTPUT), f"{address} was never given")
                return (number, address.location), address.offset
            return self.main(argument.address.location), argument.address.offset

        for operation in read_kpu_code(function.text):
            if isinstance(operation, Convolution):
                self.convolve(operation, module)
                if operation.target is not None:
                    self.download(operation.written, *place(operation.target))
            elif isinstance(operation, Download):
                self.download(operation.read, *place(operation.target))
            elif isinstance(operation, Upload):
                self.upload(operation, *place(operation.source))
            else:
                self.copy(operation, number)

    def convolve(self, layer: Convolution, module: CodeModule) -> None:
        layer.expect_constants(len(module.rdata))
        self.find(layer.read)
        weights, norm, table = (
            module.rdata[start : start + size]
            for start, size in (
                (layer.weights, layer.weight_bytes),
                (layer.batch_norm, NORM_BYTES * layer.written.channels),
                (layer.activation, ACTIVATION_BYTES),
            )
        )
        step = Convolved(layer, weights, norm, table)
        self.program.steps.append(step)
        self.put(layer.written, step)

    def upload(self, operation: Upload, space: Space, start: int) -> None:
        shape = (1, *operation.written.shape)
        channels, height, width = operation.written.shape
        strides = (channels * height * width, height * width, width, 1)
        source = self.levels(self.places.read(space, start, 1, shape, strides))
        self.program.steps.append(Uploaded(source, operation.written))
        self.put(operation.written, source)

    def download(self, read: KpuMap, space: Space, start: int) -> None:
        found = self.find(read)
        if isinstance(found, Convolved):
            found.target = found.target or Tensor(read.shape)
            found = found.target
        self.places.write(space, start, 1, Plain(found))

    def copy(self, operation: Copy, module: int) -> None:
        source, target = operation.source, operation.target
        number = self.places.read(
            (module, source.location), source.offset, 1, operation.shape, operation.in_strides
        )
        self.places.write((module, target.location), target.offset, 1, Plain(self.levels(number)))

    def put(self, written: KpuMap, what: Convolved | Tensor) -> None:
        """Maps that it lies over are gone."""
        for other in list(self.maps):
            if other.address < written.end and written.address < other.end:
                del self.maps[other]
        self.maps[written] = what

    def find(self, read: KpuMap) -> Convolved | Tensor:
        if read not in self.maps:
            raise cannot("a layer that reads a part of a map")
        return self.maps[read]
