"""What `older_versions` makes of a program, step by step, before there is any file.

In versions 3 and 4 all that lies between two layers of the KPU is levels: a pair of conversions
becomes a table, pads and slices move bytes. Here the same is said of a lowered network, so that
sizes and memory are known before training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from dse.chips.k210.cost.program import VERSION_5, Program, Step

__all__ = ["in_first_version", "in_version"]

CONVERSIONS = ("dequantize", "quantize", "lookup")
COPIES = ("copy", "kpu_copy")
MOVES = ("pad", "slice", "crop")


class _Value(NamedTuple):
    """Levels of step `step` of the program that is made; or, of its source, what is to be done.

    op: "levels", "table", one of MOVES, or "concat". step: of the old program, for its shape.
    inner: what it is made of.
    """

    op: str
    step: int
    inner: tuple[_Value, ...] = ()


class _Unwritten(Exception):
    """A step that an older version does not know."""


def in_first_version(program: Program, versions: Sequence[int]) -> Program:
    """`program` as the first of `versions` that can tell it; as the last, where none can."""
    for version in versions:
        found = in_version(program, version)
        if not found.unwritten:
            break
    return found


def in_version(program: Program, version: int) -> Program:
    """`program`, lowered for version 5, as kmodel version `version` tells it.

    Where that cannot be, it is as it was, but for `unwritten`, which says why.
    """
    if version == VERSION_5 or program.refusals or program.missing:
        return program
    making = _Making(program, version)
    try:
        return making.made()
    except _Unwritten as reason:
        return replace(program, kmodel_version=version, unwritten=str(reason))


@dataclass
class _Making:
    """Steps so far, and what each step of the old program has become."""

    old: Program
    version: int
    steps: list[Step] = field(default_factory=list)
    values: dict[int, _Value] = field(default_factory=dict)
    on_kpu: dict[int, int] = field(default_factory=dict)

    def made(self) -> Program:
        outputs: dict[int, int] = {}
        for index, step in enumerate(self.old.steps):
            self.add(index, step)
            if index in self.old.outputs:
                outputs[index] = self.put_out(index, step)
        ends = tuple(outputs[index] for index in self.old.outputs)
        found = Program(
            tuple(self.steps), ends, self.old.range_dependent, kmodel_version=self.version
        )
        if self.version == 3 and not found.picture_is_uploaded:
            raise _Unwritten("the CPU changes the picture before the first layer")
        return found

    def add(self, index: int, step: Step) -> None:
        """What `step` becomes; conversions and moves wait until their levels are needed."""
        if step.op == "input":
            self.values[index] = _Value("levels", self.emit(step))
        elif step.on_kpu:
            self.on_kpu[index] = self.emit(step._replace(inputs=(self.read_by_kpu(step),)))
        elif step.op == "download":
            where = self.emit(step._replace(inputs=(self.on_kpu[step.inputs[0]],)))
            self.values[index] = _Value("levels", where)
        elif step.op in (*CONVERSIONS, *COPIES, *MOVES, "concat"):
            self.values[index] = self.value(index, step)
        else:
            raise _Unwritten(f"layer {step.layer} needs '{step.op}' on the CPU")

    def read_by_kpu(self, step: Step) -> int:
        """An upload reads levels, a convolution maps."""
        source = step.inputs[0]
        return self.levels(self.values[source]) if step.op == "upload" else self.on_kpu[source]

    def value(self, index: int, step: Step) -> _Value:
        """What a conversion or a move makes of what it reads."""
        inner = tuple(self.values[source] for source in step.inputs)
        if step.op in CONVERSIONS:
            made = _looked_up(inner[0], self.old)
        else:
            made = inner[0] if step.op in COPIES else _Value(step.op, index, inner)
        waits = step.element_bytes == 4 or step.op == "crop"
        return made if waits else _Value("levels", self.levels(made))

    def levels(self, value: _Value, joined: bool = False) -> int:
        """The step that puts `value` into main memory as levels; in a concatenation its own."""
        if value.op == "levels" and not joined:
            return value.step
        if value.op in ("levels", "table"):
            source = self.steps[value.step]
            return self.emit(Step("lookup", source.layer, (value.step,), source.shape))
        if value.op != "concat" and self.version == 3:
            raise _Unwritten(f"layer {self.old.steps[value.step].layer} needs '{value.op}'")
        inputs = tuple(self.levels(inner, value.op == "concat") for inner in value.inner)
        old = self.old.steps[value.step]
        op = "slice" if value.op == "crop" else value.op
        return self.emit(Step(op, old.layer, inputs, old.shape))

    def put_out(self, index: int, step: Step) -> int:
        """An output: levels as long as it can, float32 in the end."""
        if step.op not in ("dequantize", "copy", "slice", "crop"):
            raise _Unwritten(f"output {step.layer} comes of '{step.op}' on the CPU")
        source = self.levels(_levels_behind(self.values[index], self.old))
        return self.emit(Step("dequantize", step.layer, (source,), step.shape, 4))

    def emit(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1


def _looked_up(value: _Value, old: Program) -> _Value:
    """The same through a table, wherever it lies."""
    if value.op in ("levels", "table"):
        return _Value("table", value.step)
    return value._replace(inner=tuple(_looked_up(inner, old) for inner in value.inner))


def _levels_behind(value: _Value, old: Program) -> _Value:
    """What of an output was levels. Raises _Unwritten where its numbers are no function of them."""
    if value.op in ("levels", "table"):
        return _Value("levels", value.step)
    if value.op in ("slice", "crop"):
        return value._replace(inner=(_levels_behind(value.inner[0], old),))
    raise _Unwritten(f"output {old.steps[value.step].layer} comes of '{value.op}' on the CPU")
