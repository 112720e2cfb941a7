"""What a published network takes under the runtime that it was measured with.

Many times are of older runtimes, whose work differs from that of nncase 1.9: 0.1 writes its
results by DMA, 0.2 adds, pads and concatenates bytes. What only they do has its measured time.
"""

from __future__ import annotations

from collections.abc import Sequence

from published_networks import Published

from dse.chips.k210.cost.latency import Duration, step_time
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.older_loops import measured_cycles
from dse.chips.k210.cost.program import KPU_CONVOLUTIONS, Program, Step
from dse.chips.k210.target import K210Target
from dse.network.graph import Graph, Layer, Shape

__all__ = ["old_operations", "predict", "rfb_without_slim"]

RFB_WITHOUT_SLIM: tuple[tuple[str, tuple[int, int, int], int, int, int], ...] = (
    ("kpu_conv", (30, 40, 8), 1, 64, 3),
    ("kpu_conv", (30, 40, 16), 3, 8, 2),
    ("kpu_conv", (30, 40, 12), 3, 8, 1),
    ("kpu_conv", (30, 40, 16), 3, 12, 1),
    ("kpu_conv", (17, 22, 16), 3, 16, 4),
    ("kpu_conv", (12, 16, 16), 3, 16, 9),
    ("kpu_conv", (8, 10, 16), 3, 16, 25),
    ("kpu_conv", (30, 40, 64), 1, 48, 1),
    ("download", (30, 40, 16), 1, 0, 3),
    ("download", (17, 22, 16), 1, 0, 4),
    ("download", (12, 16, 16), 1, 0, 9),
    ("download", (8, 10, 16), 1, 0, 25),
    ("download", (30, 40, 64), 1, 0, 2),
    ("upload", (17, 22, 16), 1, 0, 4),
    ("upload", (12, 16, 16), 1, 0, 9),
    ("upload", (8, 10, 16), 1, 0, 25),
    ("upload", (30, 40, 48), 1, 0, 1),
    ("upload", (30, 40, 64), 1, 0, 3),
    ("byte_transpose", (1, 1, 142144), 1, 0, 1),
    ("copy", (1, 1, 161344), 1, 0, 1),  # eight pads
    ("dequantize", (30, 40, 16), 1, 0, 3),
    ("copy", (30, 40, 192), 1, 0, 1),  # the concatenation of 57,600 numbers of four bytes
    ("quantize", (30, 40, 48), 1, 0, 1),
    ("quantized_add", (30, 40, 64), 1, 0, 1),
)
"""What version RFB does beyond version slim: (operation, shape written, kernel, channels read,
times), as RFB-320.kmodel lists it. It stands for a separable convolution less in the trunk."""


def predict(one: Published, target: K210Target, old: dict[str, float]) -> Duration:
    """Time of a published network under the runtime that it was measured with."""
    if one.runtime == "0.1":
        time = _as_v01(one.graph, target)
    elif one.runtime == "0.2":
        time = _as_v02(one.graph, target, old)
    else:
        program = lower(one.graph)
        time = _sum([step_time(program, step, target) for step in program.steps])
    numbers = one.graph.input.shape[0] * one.graph.input.shape[1] * one.graph.input.shape[2]
    return _sum([time, _certain(one.picture_operations * numbers * old["reference_binary"])])


def rfb_without_slim(target: K210Target, old: dict[str, float]) -> Duration:
    """The difference of two versions of one detector, in which the unknown softmax cancels."""
    parts = []
    for op, shape, kernel, channels, times in RFB_WITHOUT_SLIM:
        time = _one(op, shape, target, old, kernel, channels)
        parts += [time] * times
    less = [_one("kpu_depthwise", (30, 40, 64), target, old, 3, 64)]
    less.append(_one("kpu_conv", (30, 40, 64), target, old, 1, 64))
    total, trunk = _sum(parts), _sum(less)
    return Duration(total.ms - trunk.ms, total.low_ms - trunk.low_ms, total.high_ms - trunk.high_ms)


def old_operations() -> dict[str, float]:
    """Milliseconds an element of operations that nncase 1.9 does not have, as measured."""
    hz = K210Target.load("k210").cpu_clock_hz
    cycles = {**measured_cycles("0.2"), **measured_cycles("1.0")}
    return {op: likely / hz * 1e3 for op, (_, likely, _) in cycles.items()}


def _as_v01(graph: Graph, target: K210Target) -> Duration:
    """Convolutions alone: 0.1 uploads by DMA, and its last layer writes by DMA."""
    return _sum(_convolutions(graph, target))


def _as_v02(graph: Graph, target: K210Target, old: dict[str, float]) -> Duration:
    """0.2 keeps bytes on the CPU: an addition is one loop, a pad a copy; outputs become float."""
    parts = _convolutions(graph, target)
    places: dict[str, set[str]] = {}

    def moved(name: str, op: str) -> None:
        place = "kpu" if op == "upload" else "main"
        if place not in places[name]:
            parts.append(_one(op, graph[name].shape, target, old))
            places[name].add(place)

    for layer in graph:
        for name in layer.inputs:
            moved(name, "download" if layer.op == "add" else "upload")
        places[layer.name] = {"main" if layer.op in ("add", "input") else "kpu"}
        if layer.op == "add":
            parts.append(_one("quantized_add", layer.shape, target, old))
        elif layer.stride == 2 and _odd(graph, layer):
            for op in ("download", "copy", "upload"):
                parts.append(_one(op, graph.input_shapes(layer)[0], target, old))
    for name in graph.outputs:
        moved(name, "download")
        parts.append(_one("dequantize", graph[name].shape, target, old))
    return _sum(parts)


def _odd(graph: Graph, layer: Layer) -> bool:
    """The KPU halves even maps only; others are padded."""
    height, width, _ = graph.input_shapes(layer)[0]
    return bool(height % 2 or width % 2)


def _convolutions(graph: Graph, target: K210Target) -> list[Duration]:
    """Times of the KPU convolutions, without those that 1.9 makes of additions."""
    program = lower(graph)
    return [
        step_time(program, step, target)
        for step in program.steps
        if step.op in KPU_CONVOLUTIONS and graph[step.layer].op != "add"
    ]


def _one(
    op: str,
    shape: Shape,
    target: K210Target,
    old: dict[str, float],
    kernel: int = 1,
    channels: int = 0,
) -> Duration:
    """Time of one operation that writes `shape`, of this runtime or of an old one."""
    height, width, written = shape
    if op in old:
        return _certain(old[op] * height * width * written)
    source = Step("input", "", (), (height, width, channels))
    step = Step(op, "", (0,), shape, 1, kernel, channels)
    return step_time(Program((source, step), (1,)), step, target)


def _certain(ms: float) -> Duration:
    return Duration(ms, ms, ms)


def _sum(times: Sequence[Duration]) -> Duration:
    return Duration(
        sum(time.ms for time in times),
        sum(time.low_ms for time in times),
        sum(time.high_ms for time in times),
    )
