"""A lowered network: the operations that the chip really runs, in the order it runs them.

One `Step` writes one tensor. KPU steps read and write the KPU's own SRAM, all others main
memory; `upload` and `download` cross between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

from dse.chips.cost import Refusal
from dse.network.graph import Shape

__all__ = [
    "CPU_CONVOLUTIONS",
    "KNOWN_OPS",
    "KPU_CONVOLUTIONS",
    "VERSION_5",
    "Program",
    "Step",
    "call_starts",
]

Value = TypeVar("Value")

VERSION_5 = 5
"""Of the kmodels that nncase 1.9 writes, for which a network is lowered at first."""

KPU_CONVOLUTIONS = ("kpu_conv", "kpu_depthwise")
CPU_CONVOLUTIONS = ("conv", "depthwise")

IN_CALL = frozenset((*KPU_CONVOLUTIONS, "download", "kpu_copy"))
"""Steps of a call of the KPU module, besides the upload that begins it."""

CROSSES = (("crop", 1), ("upload", 1))
"""Steps that go on with the call of what they read, if that is in one."""

KPU_RESULTS = frozenset((*KPU_CONVOLUTIONS, "upload"))

KNOWN_OPS = (
    "input", *KPU_CONVOLUTIONS, "upload", "download", "dequantize", "quantize", "pad", "slice",
    "crop", "concat", "copy", "kpu_copy", "transpose", "conv", "depthwise", "upsample",
    "upsample_nearest", "add", "lookup", "unary", "arithmetic", "maxpool", "avgpool", "mean",
    "mean_map", "flatten", "flat_copy", "softmax", "bitcast", "matmul",
)  # fmt: skip
"""Operations whose time and memory the rules cover; a network with another one is "unknown"."""


class Step(NamedTuple):
    """One operation after lowering.

    op: "input"; in a call of the KPU "upload", "kpu_conv", "kpu_depthwise", "download",
        "kpu_copy" (in main memory, between a download and an upload); on the CPU
        "dequantize", "quantize", "pad", "slice", "crop" (a view, costs nothing), "copy",
        "conv", "concat" (its inputs write into it), "bitcast" (the same numbers in another
        shape), "upsample", "lookup" (a function of bytes, as a table), "arithmetic" (of two
        tensors), "matmul", "transpose", "mean" (any reduction), "softmax", or what no rule knows.
    layer: the network's layer that it works for.
    inputs: indices of the steps it reads.
    shape: (height, width, channels) of what it writes, `element_bytes` each.
    kernel, input_channels: of a convolution; `pooled` when a 2x2 pick follows at write-back.
    rank: axes of the tensor. code_bytes, own_bytes: of its instructions and constants in the file,
        where `kmodel_size` does not know them by its name.
    """

    op: str
    layer: str
    inputs: tuple[int, ...]
    shape: Shape
    element_bytes: int = 1
    kernel: int = 1
    input_channels: int = 0
    pooled: bool = False
    rank: int = 4
    code_bytes: int = 0
    own_bytes: int = -1

    @property
    def elements(self) -> int:
        """Numbers that the step writes."""
        height, width, channels = self.shape
        return height * width * channels

    @property
    def size_bytes(self) -> int:
        """Bytes that the step writes to main memory."""
        return self.elements * self.element_bytes

    @property
    def on_kpu(self) -> bool:
        """Its result lies in KPU SRAM."""
        return self.op in KPU_RESULTS

    @property
    def weights(self) -> int:
        """Weights of a convolution (one byte each on the KPU, four on the CPU)."""
        if self.op in ("kpu_conv", "conv"):
            return self.kernel**2 * self.input_channels * self.shape[2]
        if self.op in ("kpu_depthwise", "depthwise"):
            return self.kernel**2 * self.shape[2]
        return 0


@dataclass(frozen=True)
class Program:
    """Steps in the order of execution; `outputs` are indices of steps.

    range_dependent: layers at which the calibration pictures decide whether the compiler
    leaves a pair of conversions out. kmodel_version: of the file that it is written to.
    unwritten: why that version cannot hold it; the steps are then those of version 5.
    refusals: why the compiler makes no file of the network; missing: (layer, operation) that it may
    know and no rule here covers. There are no steps where there is one of either.
    given_calls: `calls`, where the steps alone do not tell.
    """

    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    range_dependent: tuple[str, ...] = ()
    kmodel_version: int = VERSION_5
    unwritten: str = ""
    refusals: tuple[Refusal, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    given_calls: tuple[int, ...] = ()

    def each(self, formula: Callable[[Program, Step], Value]) -> list[Value]:
        """`formula` of the program and each of its steps."""
        return [formula(self, step) for step in self.steps]

    @property
    def is_older(self) -> bool:
        """Its steps are those of version 3 or 4."""
        return self.kmodel_version != VERSION_5 and not self.unwritten

    @cached_property
    def readers(self) -> tuple[tuple[int, ...], ...]:
        """For each step those that read it."""
        found: list[list[int]] = [[] for _ in self.steps]
        for index, step in enumerate(self.steps):
            for source in step.inputs:
                found[source].append(index)
        return tuple(map(tuple, found))

    @cached_property
    def calls(self) -> tuple[int, ...]:
        """For each step the first step of its KPU call, itself when it is the CPU's."""
        return self.given_calls or tuple(call_starts(self.steps))

    @cached_property
    def picture_is_uploaded(self) -> bool:
        """Nobody reads the picture but an upload, before all else."""
        pictures = [index for index, step in enumerate(self.steps) if step.op == "input"]
        return pictures == [0] and self.readers[0] == (1,) and self.steps[1].op == "upload"

    @cached_property
    def uses_kpu(self) -> bool:
        """Some step's result lies in KPU SRAM."""
        return any(step.on_kpu for step in self.steps)

    def leaves_call(self, index: int) -> bool:
        """Somebody outside the KPU call of step `index` reads it."""
        outside = [r for r in self.readers[index] if self.calls[r] != self.calls[index]]
        return bool(outside) or index in self.outputs

    @cached_property
    def unknown_ops(self) -> tuple[tuple[str, str], ...]:
        """(layer, operation) of each step that no rule covers."""
        found = ((step.layer, step.op) for step in self.steps if step.op not in KNOWN_OPS)
        return (*self.missing, *found)


def call_starts(steps: Sequence[Step]) -> list[int]:
    """For each step the upload that begins its KPU call; itself when it is the CPU's.

    steps: each after what it reads.
    """
    starts: list[int] = []
    inside: list[bool] = []
    for index, step in enumerate(steps):
        crosses = (step.op, step.element_bytes) in CROSSES and inside[step.inputs[0]]
        inside.append(crosses or step.op in IN_CALL)
        starts.append(starts[step.inputs[0]] if inside[-1] else index)
    return starts
