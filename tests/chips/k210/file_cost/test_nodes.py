"""What nodes of version 4 take: rounds of their loops, memory, parameters, reasons."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from dse.chips.k210.cost.older_loops import old_loops
from dse.chips.k210.file_cost.loop_work import WORK
from dse.chips.k210.file_cost.operation import KPU, MAIN, Operation, Span
from dse.chips.k210.file_cost.reading import read_file
from dse.chips.k210.kmodel import nodes
from dse.chips.k210.kmodel import window_nodes as window
from dse.chips.k210.target import K210Target
from dse.errors import VerificationFailed
from tests.chips.k210.file_cost.files import written
from tests.chips.k210.old_kmodels import (
    CONST,
    FLOAT,
    LEVELS,
    Version4,
    convolution_tail,
    registers,
)

TARGET = K210Target.load("k210")
LOOPS = old_loops(4, TARGET)
NO_LIMITS = (-1e9, 1e9)
NO_MARGIN = (0, 0)
ENDS = ("offset", "mul", "shift")


def last(file: Version4, folder: Path) -> Operation:
    return read_file(written(file, folder), TARGET).operations[-1]


def rounds(one: Operation, loop: str) -> float:
    """How often a loop of those cycles goes round in that time."""
    return one.time.ms / 1e3 * TARGET.cpu_clock_hz / LOOPS[loop][1]


def float_file(*sides: int) -> Version4:
    return Version4(tuple((1, 1, 1, 1, *sides)[-4:]), FLOAT)  # type: ignore[arg-type]


def test_every_node_of_the_cpu_has_a_loop() -> None:
    on_kpu = {nodes.KpuConv2d, nodes.KpuUpload}
    assert set(WORK) == set(nodes.NODES.values()) - on_kpu


@pytest.mark.parametrize(
    ("b_shape", "loop"), [((1, 2, 4, 4), "quantized_add"), ((1, 2, 1, 1), "quantized_broadcast")]
)
def test_a_quantized_addition(b_shape: tuple[int, ...], loop: str, tmp_path: Path) -> None:
    file = Version4((1, 2, 4, 4))
    b, out = file.place(32, LEVELS), file.place(32, LEVELS)
    numbers: dict[str, Any] = {f"{n}_{k}": 1 for n in ("a", "b", "out") for k in ENDS}
    file.add(nodes.QuantizedBinary, a=file.input, b=b, output=out, function=0,
             a_shape=file.shape, b_shape=b_shape, shape=file.shape, **numbers)  # fmt: skip
    found = last(file, tmp_path)
    assert rounds(found, loop) == pytest.approx(32)
    assert "one map alone" in found.why
    (step,) = found.steps
    assert step.reads == (Span(MAIN, 0, 32), Span(MAIN, 32, 64))
    assert step.writes == (Span(MAIN, 64, 96),)


def test_a_fully_connected_layer_counts_its_constants(tmp_path: Path) -> None:
    file = float_file(1, 6)
    weights, out = file.constant(bytes(4 * 6 * 3), FLOAT), file.place(3, FLOAT)
    file.add(window.MatMul, bytes(12), a=file.input, b=weights, output=out, rows=1, inner=6,
             columns=3, limits=NO_LIMITS)  # fmt: skip
    found = last(file, tmp_path)
    assert (found.parameters, found.macs) == (6 * 3 + 3, 18)
    assert rounds(found, "matmul") == pytest.approx(18)
    assert found.steps[0].reads == (Span(MAIN, 0, 24),)
    assert found.constant_bytes >= 4 * 21


def test_a_table_has_no_parameters(tmp_path: Path) -> None:
    file = Version4((1, 1, 4, 4))
    table, out = file.constant(bytes(256), LEVELS), file.place(16, LEVELS)
    file.add(nodes.TableLookup, input=file.input, table=table, output=out)
    found = last(file, tmp_path)
    assert found.parameters == 0
    assert rounds(found, "lookup") == pytest.approx(16)


def test_a_float_convolution(tmp_path: Path) -> None:
    file = float_file(2, 4, 4)
    out = file.place(3 * 16, FLOAT)
    file.add(
        window.Conv2d, bytes(4 * (3 * 2 * 9 + 3)), input=file.input, output=out,
        in_shape=file.shape, groups=1, out_channels=3, padding_h=(1, 1), padding_w=(1, 1),
        filter_h=3, filter_w=3, stride_h=1, stride_w=1, dilation_h=1, dilation_w=1,
        limits=NO_LIMITS,
    )  # fmt: skip
    found = last(file, tmp_path)
    assert (found.parameters, found.macs) == (3 * 2 * 9 + 3, 3 * 2 * 9 * 16)
    assert rounds(found, "conv2d") == pytest.approx(found.macs)


def upload(file: Version4, sides: tuple[int, int, int, int]) -> None:
    file.add(nodes.KpuUpload, input=file.input, output=(KPU_MEMORY, LEVELS, 0, 64), in_shape=sides)


KPU_MEMORY = 2


def test_an_upload_takes_what_the_rows_take(tmp_path: Path) -> None:
    file = Version4((1, 3, 4, 20))
    upload(file, (1, 3, 4, 20))
    (step,) = last(file, tmp_path).steps
    assert step.place == "transfer"
    assert step.writes == (Span(KPU, 0, 2 * 4 * 64),)  # two channels of 20 pixels share a row


def test_an_upload_of_constants_reads_no_memory(tmp_path: Path) -> None:
    file = Version4((1, 3, 4, 4))
    constants, maps = file.constant(bytes(48), LEVELS), (KPU_MEMORY, LEVELS, 0, 64)
    file.add(nodes.KpuUpload, input=constants, output=maps, in_shape=file.shape)
    (step,) = last(file, tmp_path).steps
    assert step.reads == ()


def test_maps_are_not_sent_to_constants(tmp_path: Path) -> None:
    file = Version4((1, 3, 4, 4))
    upload(file, (1, 3, 4, 4))
    tail = convolution_tail(registers((3, 4, 4), 2), 2, bytes(2 * 3))
    constants = file.constant(bytes(32), LEVELS)
    file.add(nodes.KpuConv2d, tail, main=constants, batches=1, reserved=0)
    with pytest.raises(VerificationFailed, match="writes to constants"):
        last(file, tmp_path)


def test_a_pad_and_a_transposition(tmp_path: Path) -> None:
    file = Version4((1, 2, 3, 4))
    out = file.place(200, LEVELS)
    margins = (NO_MARGIN, NO_MARGIN, (1, 1), (1, 1))
    file.add(window.Pad, input=file.input, output=out, in_shape=file.shape, margins=margins,
             value_type=1, value=0)  # fmt: skip
    assert rounds(last(file, tmp_path), "pad") == pytest.approx(2 * 5 * 6)
    file.add(nodes.Transpose, input=file.input, output=out, in_shape=file.shape, order=(0, 2, 3, 1))
    found = last(file, tmp_path)
    assert rounds(found, "byte_transpose") == pytest.approx(24)
    assert found.steps[0].shape == (4, 2, 3)


@pytest.mark.parametrize("mode", [0, 1])
def test_a_resize(mode: int, tmp_path: Path) -> None:
    file = Version4((1, 2, 3, 4))
    out = file.place(2 * 6 * 8, LEVELS)
    file.add(window.Resize, input=file.input, output=out, in_shape=file.shape, height=6, width=8,
             mode=mode, align_corners=0)  # fmt: skip
    assert rounds(last(file, tmp_path), ("bilinear", "nearest")[mode]) == pytest.approx(96)


def concat(file: Version4, *inputs: Any) -> None:
    out = file.place(64, LEVELS)
    rows = b"".join(struct.pack("<4I", *one) for one in inputs)
    dims = struct.pack(f"<{len(inputs)}i", *(1 for _ in inputs))
    file.add(nodes.Concat, rows + dims, output=out, inner=32, outer=1, count=len(inputs))


def test_a_concatenation_reads_what_it_lists(tmp_path: Path) -> None:
    file = Version4((1, 2, 4, 4))
    other = file.place(32, LEVELS)
    concat(file, file.input, other)
    (step,) = last(file, tmp_path).steps
    assert step.reads == (Span(MAIN, 0, 32), Span(MAIN, 32, 64))


def test_a_concatenation_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    file = Version4((1, 2, 4, 4))
    concat(file, file.input, (7, LEVELS, 0, 32))
    with pytest.raises(VerificationFailed, match="is no piece of its memory"):
        last(file, tmp_path)


def test_nothing_writes_to_constants(tmp_path: Path) -> None:
    file = float_file(1, 4)
    constant = file.constant(bytes(16), FLOAT)
    assert constant.memory == CONST
    file.add(nodes.Unary, input=file.input, output=constant, function=0)
    with pytest.raises(VerificationFailed, match="writes to constants"):
        last(file, tmp_path)
