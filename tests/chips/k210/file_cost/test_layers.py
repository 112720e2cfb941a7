"""What layers of version 3 take: rounds of their loops, memory, parameters, reasons."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from dse.chips.k210.cost.older_loops import old_loops
from dse.chips.k210.file_cost.layers import WORK
from dse.chips.k210.file_cost.operation import KPU, MAIN, Operation, Span, loop_time
from dse.chips.k210.file_cost.reading import read_file
from dse.chips.k210.kmodel import layers
from dse.chips.k210.target import K210Target
from dse.errors import VerificationFailed
from tests.chips.k210.file_cost.files import version_3, written
from tests.chips.k210.old_kmodels import Version3, registers

TARGET = K210Target.load("k210")
LOOPS = old_loops(3, TARGET)


def operations(file: Version3, folder: Path, target: K210Target = TARGET) -> tuple[Operation, ...]:
    return read_file(written(file, folder), target).operations


def rounds(one: Operation, loop: str) -> float:
    return one.time.ms / 1e3 * TARGET.cpu_clock_hz / LOOPS[loop][1]


def test_every_layer_of_the_cpu_has_a_loop() -> None:
    own = {layers.KpuConvolution, layers.AddPadding, layers.Upload, layers.Concat,
           layers.QuantizedConcat}  # fmt: skip
    assert set(WORK) == set(layers.LAYERS.values()) - own


@pytest.mark.parametrize(
    ("width", "loop"), [(64, "dma"), (8, "upload_words"), (12, "upload")]
)  # fmt: skip
def test_how_the_picture_gets_in(width: int, loop: str, tmp_path: Path) -> None:
    file = Version3()
    file.convolve(registers((3, 8, width), 4, target=100), bytes(12), 4)
    assert rounds(operations(file, tmp_path)[0], loop) == pytest.approx(3 * 8 * width)


def test_maps_are_sent_by_dma(tmp_path: Path) -> None:
    file = Version3()
    file.convolve(registers((3, 8, 8), 4, target=100), bytes(12), 4)
    alone = operations(file, tmp_path)[1]
    sending = Version3()
    out = sending.place(256)
    sending.convolve(registers((3, 8, 8), 4, target=100), bytes(12), 4, out)
    found = operations(sending, tmp_path)[1]
    more = (found.time.ms - alone.time.ms) / 1e3 * TARGET.cpu_clock_hz
    assert more == pytest.approx(256 * LOOPS["dma_output"][1])
    assert Span(MAIN, out, out + 256) in found.steps[0].writes
    assert len(found.steps) == 1


@pytest.mark.parametrize(("width", "loop"), [(8, "download"), (64, "download_whole")])
def test_a_firmware_may_copy_them_by_the_cpu(width: int, loop: str, tmp_path: Path) -> None:
    maixpy = replace(TARGET, kmodel_3_results_by_dma=False)
    file = Version3()
    count = 4 * 8 * width
    out = file.place(count)
    file.convolve(registers((3, 8, width), 4, target=100), bytes(12), 4, out)
    found = operations(file, tmp_path, maixpy)[1]
    assert [step.op for step in found.steps] == ["kpu_conv", "download"]
    sent = found.steps[1]
    assert sent.time == loop_time(old_loops(3, maixpy)[loop], count, maixpy)
    assert sent.writes == (Span(MAIN, out, out + count),)
    assert "CPU: copies the maps" in found.why
    assert operations(file, tmp_path)[1].time.ms < found.time.ms


def test_a_stride_drops_products(tmp_path: Path) -> None:
    file = Version3()
    file.convolve(registers((3, 8, 8), 4, pool=5, target=100), bytes(12), 4)
    found = operations(file, tmp_path)[1]
    assert found.macs == 3 * 4 * 4 * 4
    assert found.why == "stride 2 is computed at full resolution"


def test_a_number_becomes_a_map(tmp_path: Path) -> None:
    file = version_3()
    file.add(layers.AddPadding, input=0, output=200, channels=8)
    found = operations(file, tmp_path)[-1]
    assert rounds(found, "padding") == pytest.approx(8)
    assert found.steps[0].writes == (Span(KPU, 200 * 64, 208 * 64),)


def test_an_addition_reads_both(tmp_path: Path) -> None:
    file = version_3()
    out = file.place(256)
    file.add(layers.Add, a=256, b=512, output=out, count=64)
    found = operations(file, tmp_path)[-1]
    assert rounds(found, "add") == pytest.approx(64)
    assert found.steps[0].reads == (Span(MAIN, 256, 512), Span(MAIN, 512, 768))


def test_a_pool_counts_its_windows(tmp_path: Path) -> None:
    file = version_3()
    out = file.place(64)
    file.add(layers.QuantizedMaxPool, input=0, output=out, in_shape=(8, 8, 4), shape=(4, 4, 4),
             kernel_width=3, kernel_height=3, stride_width=2, stride_height=2, padding_width=1,
             padding_height=1)  # fmt: skip
    assert rounds(operations(file, tmp_path)[-1], "pool") == pytest.approx(64 * 9)


def test_a_concatenation_copies_bytes(tmp_path: Path) -> None:
    file = version_3()
    out = file.place(96)
    pieces = struct.pack("<4I", 0, 64, 256, 32)
    file.add(layers.Concat, pieces, output=out, count=2)
    found = operations(file, tmp_path)[-1]
    assert rounds(found, "copy") == pytest.approx(96)
    assert found.steps[0].reads == (Span(MAIN, 0, 64), Span(MAIN, 256, 288))


def test_what_reaches_beyond_memory_is_refused(tmp_path: Path) -> None:
    file = version_3()
    file.add(layers.Add, a=0, b=0, output=1000, count=1000)
    with pytest.raises(VerificationFailed, match="'add' reaches"):
        operations(file, tmp_path)
