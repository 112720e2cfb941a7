"""What the code in kmodel version 5 takes under the runtime of nncase 1.x.

The rules are those that price networks before they are compiled: `cost.latency` knows the runtime's
operations, and here they come out of the file instead of out of the lowering.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, count

from dse.chips.k210.cost.latency import step_time
from dse.chips.k210.cost.program import Program, Step
from dse.chips.k210.emulator.container import Code, Container, read_container
from dse.chips.k210.emulator.kpu_code import Copy, Download, KpuOperation, Upload, read_kpu_code
from dse.chips.k210.emulator.memory import DATA, INPUT, OUTPUT
from dse.chips.k210.emulator.stack_code import Instruction, read_stack_code
from dse.chips.k210.file_cost.instructions import cpu_work
from dse.chips.k210.file_cost.operation import (
    MAIN,
    FileStep,
    Operation,
    Span,
    convolution,
    elements_of,
    kpu_span,
    moved,
    unknown,
)
from dse.chips.k210.file_cost.reasons import kpu_reason
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.chips.k210.kmodel.kpu_layer import Address, Convolution, KpuMap
from dse.chips.k210.target import K210Target
from dse.errors import CompilerError

__all__ = ["module_operations"]

KPU_MODULE = "k210"
TRANSFERS = ("quantize", "dequantize", "copy", "transpose")
ON_KPU = Step("upload", "", (), (1, 1, 1))
"""Beside any step: so the rules take the runtime's loops for a program that uses the KPU."""


def module_operations(content: bytes, target: K210Target) -> tuple[Operation, ...]:
    """What the main function of a kmodel of version 5 does.

    Where the CPU's code holds what is not known here: that, and all that the accelerator does.
    Raises VerificationFailed for a damaged file, CompilerError where the accelerator's code does.
    """
    container = read_container(content)
    return tuple(_Modules(container, target).operations())


@dataclass(frozen=True)
class _Call:
    """A function of the accelerator in a module; given: its own tensors -> the caller's."""

    module: int
    function: Code
    given: Mapping[Address, Address]


@dataclass(frozen=True)
class _Modules:
    container: Container
    target: K210Target

    def operations(self) -> Iterator[Operation]:
        numbers = count()
        try:
            instructions = read_stack_code(self.container.main.text)
        except CompilerError as error:
            yield unknown("the CPU's code", error)
            for number, module in enumerate(self.container.modules):
                if module.type == KPU_MODULE:
                    for function in module.functions:
                        yield from self._called(_Call(number, function, {}), numbers)
            return
        for one in instructions:
            if one.name == "call":
                yield from self._called(self._call(one), numbers)
            else:
                yield self._of_cpu(f"{next(numbers)} {one.name}", one)

    def _call(self, one: Instruction) -> _Call:
        number, function = one.operands["module"], one.operands["function"]
        modules = self.container.modules
        expect(number < len(modules), f"code calls module {number}")
        if modules[number].type != KPU_MODULE:
            raise CompilerError(f"a module of type '{modules[number].type}'")
        expect(function < len(modules[number].functions), f"code calls function {function}")
        own = modules[number].functions[function]
        ends = (
            (INPUT, own.inputs, one.operands["inputs"]),
            (OUTPUT, own.outputs, one.operands["outputs"]),
        )
        given = {
            Address(location, tensor.start): argument.address
            for location, tensors, arguments in ends
            for tensor, argument in zip(tensors, arguments, strict=False)
        }
        return _Call(number, own, given)

    def _of_cpu(self, name: str, one: Instruction) -> Operation:
        work = cpu_work(one)
        time = step_time(Program((ON_KPU, ON_KPU, work.step), (2,)), work.step, self.target)
        entry = self.container.entry[0]
        reads = tuple(self._span(entry, *piece) for piece in work.reads)
        writes = tuple(self._span(entry, *piece) for piece in work.writes)
        done = FileStep(
            work.step.op, "transfer" if one.name in TRANSFERS else "cpu", work.shape, time,
            tuple(filter(None, reads)), tuple(filter(None, writes)),
        )  # fmt: skip
        return Operation(
            name, one.name, (done,), work.parameters, work.macs, 4 * work.parameters, why=work.why
        )

    def _called(self, call: _Call, numbers: Iterator[int]) -> Iterator[Operation]:
        for one in read_kpu_code(call.function.text):
            yield self._of_kpu(next(numbers), one, call)

    def _of_kpu(self, number: int, one: KpuOperation, call: _Call) -> Operation:
        if isinstance(one, Convolution):
            step, parameters, macs = convolution(one, self.target)
            steps, why = [step], kpu_reason(one)
            if one.target is not None:
                steps.append(self._moved("download", one.written, one.target, call))
                why = "; ".join(filter(None, (why, "CPU: copies the maps to main memory")))
            name = f"{number} KPU convolution"
            own = one.weight_bytes
            return Operation(name, "KPU convolution", tuple(steps), parameters, macs, own, why=why)
        if isinstance(one, Copy):
            done, why = self._copied(one, call), "another tensor wants it elsewhere"
        elif isinstance(one, Upload):
            done = self._moved("upload", one.written, one.source, call)
            why = "CPU: copies into the KPU's memory"
        else:
            assert isinstance(one, Download)
            done = self._moved("download", one.read, one.target, call)
            why = "CPU: copies the maps to main memory"
        return Operation(f"{number} {done.op}", done.op, (done,), why=why)

    def _moved(self, op: str, of: KpuMap, main: Address, call: _Call) -> FileStep:
        other = self._given(main, elements_of(of.shape, op), call)
        own = (kpu_span(of),)
        reads, writes = (other, own) if op == "upload" else (own, other)
        return moved(op, of, reads, writes, self.target)

    def _copied(self, one: Copy, call: _Call) -> FileStep:
        numbers = elements_of(one.shape, "copy")
        item = int(one.dtype[1:])
        step = Step("kpu_copy", "", (), (1, 1, numbers), item)
        time = step_time(Program((step,), (0,)), step, self.target)
        ends = (self._given(at, numbers * item, call) for at in (one.source, one.target))
        return FileStep("kpu_copy", "transfer", step.shape, time, *ends)

    def _given(self, at: Address, size: int, call: _Call) -> tuple[Span, ...]:
        """Where the accelerator's `at` is; nothing outside of `.data`."""
        outer = call.given.get(at)
        module = call.module if outer is None else self.container.entry[0]
        found = self._span(module, outer or at, size)
        return (found,) if found else ()

    def _span(self, module: int, at: Address, size: int) -> Span | None:
        """In `.data` of all modules, one behind another; None in another memory."""
        if at.location != DATA:
            return None
        sizes = [one.data_bytes for one in self.container.modules]
        expect(at.offset + size <= sizes[module], f"a tensor ends beyond .data, {sizes[module]}")
        start = (0, *accumulate(sizes))[module] + at.offset
        return Span(MAIN, start, start + size)
