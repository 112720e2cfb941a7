"""Which layers the accelerator computes, and how: read off the program of `dse.chips`.

The rules of the chip and of its compiler stand in `kpu_rules` and `passes`. Here is
what of their result concerns the numbers: which values are rounded, and over which pixels
the compiler measures a range.
"""

from __future__ import annotations

from dataclasses import dataclass

from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.program import KPU_CONVOLUTIONS, Program, Step
from dse.network.graph import Graph, Layer

__all__ = ["Place", "placement"]

Sides = tuple[int, int]
"""(height, width)."""


@dataclass(frozen=True)
class Place:
    """How the accelerator computes a layer: a convolution, or an addition made into one.

    requantized: what it reads was float32 on the CPU before, and is put on a grid of its own.
    grown: rows below and columns to the right, of zeros, that a map under 4x4 is given.
    stride: between the pixels that are computed; 1 where the layer's own is taken later.
    picked: every n-th row and column of the result is written, the others never are.
    thinned: every n-th row and column of what was written goes on, by the CPU's hand.
    sides: of the map that readers see, what was grown cut off again.
    """

    requantized: bool
    grown: Sides
    stride: int
    picked: int
    thinned: int
    sides: Sides

    @property
    def is_cut(self) -> bool:
        """Readers see fewer pixels than the accelerator wrote."""
        return self.thinned > 1 or any(self.grown)


def placement(graph: Graph) -> dict[str, Place]:
    """Layer -> how the accelerator computes it; what is missing the CPU does, in float32."""
    program = lower(graph)
    sliced = {step.layer for step in program.steps if step.op == "slice"}
    places: dict[str, Place] = {}
    handed_on: dict[str, int] = {}  # layer -> stride that the one behind it takes
    for step in program.steps:
        if step.op not in KPU_CONVOLUTIONS:
            continue
        layer = graph[step.layer]
        before = handed_on.get(layer.inputs[0], 1)
        later = layer.name not in sliced and not step.pooled
        if later:
            handed_on[layer.name] = before * layer.stride
        is_whole = later and handed_on[layer.name] > 1
        source = places[layer.inputs[0]].sides if before > 1 else graph.input_shapes(layer)[0][:2]
        places[layer.name] = Place(
            requantized=_is_requantized(program, step),
            grown=(0, 0) if step.pooled else _grown(layer, source, step),
            stride=layer.stride if step.pooled else 1,
            picked=before if step.pooled else 1,
            thinned=before * layer.stride if layer.name in sliced else 1,
            sides=step.shape[:2] if is_whole else layer.shape[:2],
        )
    return places


def _is_requantized(program: Program, step: Step) -> bool:
    """The bytes that `step` reads were made by a conversion on the CPU, not by the KPU."""
    while step.inputs:
        step = program.steps[step.inputs[0]]
        if step.op == "quantize":
            return True
        if step.op in (*KPU_CONVOLUTIONS, "dequantize"):
            return False
    return False


def _grown(layer: Layer, source: Sides, step: Step) -> Sides:
    """How much more `step` writes than `layer` without its stride makes of a `source` map."""
    top, bottom, left, right = layer.padding
    height = source[0] + top + bottom - layer.kernel + 1
    width = source[1] + left + right - layer.kernel + 1
    return max(0, step.shape[0] - height), max(0, step.shape[1] - width)
