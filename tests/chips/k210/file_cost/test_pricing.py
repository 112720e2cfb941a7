"""What a kmodel costs: by hand for small ones, and for damaged and unknown ones."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dse
from dse.chips.k210.chip import K210
from dse.chips.k210.file_cost.pricing import price_kmodel
from dse.chips.k210.kmodel import layers, nodes
from dse.chips.k210.target import K210Target
from dse.errors import DseError, FileError, VerificationFailed
from tests.chips.k210.file_cost.files import (
    KPU_BYTES,
    KPU_TOP,
    MACS,
    PARAMETERS,
    version_3,
    version_4,
    written,
)
from tests.chips.k210.old_kmodels import Version3, Version4

TARGET = K210Target.load("k210-maixpy-full")

Make = Callable[[], Version3 | Version4]


@pytest.mark.parametrize("make", [version_3, version_4])
def test_counts_and_bytes(make: Make, tmp_path: Path) -> None:
    path = written(make(), tmp_path)
    cost = price_kmodel(path, TARGET)
    assert (cost.parameters, cost.macs) == (PARAMETERS, MACS)
    assert cost.peak_kpu_bytes == (KPU_BYTES if cost.kmodel_version == 3 else KPU_TOP)
    assert cost.kmodel_bytes == path.stat().st_size
    assert cost.main_memory_bytes == cost.kmodel_bytes + 256 + 1024
    assert (cost.input_bytes, cost.output_bytes) == (3 * 64, 1024)
    assert 0 < cost.latency_ms_low < cost.latency_ms < cost.latency_ms_high
    assert cost.energy_mj == pytest.approx(cost.latency_ms * TARGET.chip_power_w)


def test_a_fully_connected_layer_of_version_3_takes_its_weights_twice(tmp_path: Path) -> None:
    file = version_3()
    out = file.place(40)
    tail = bytes(4 * (256 * 10 + 10))
    file.add(layers.FullyConnected, tail, input=256, output=out, in_channels=256, out_channels=10,
             activation=0)  # fmt: skip
    cost = price_kmodel(written(file, tmp_path), TARGET)
    assert cost.main_memory_bytes - cost.kmodel_bytes == file.main_bytes + len(tail)
    assert (cost.parameters, cost.macs) == (PARAMETERS + 2570, MACS + 2560)


def test_the_firmware_decides_what_it_loads(tmp_path: Path) -> None:
    path = str(written(version_4(), tmp_path))
    told = dse.check(path, "k210-maixpy-full")
    assert told.fits and "to spare" in told.message
    old = dse.check(path, _loading(3))
    assert (old.verdict.status, old.verdict.reason) == ("rejected", "kmodel_version")
    assert "loads kmodel version 3; this is version 4" in old.message


def _loading(version: int) -> K210Target:
    return replace(TARGET, kmodel_versions_loaded=(version,))


def test_an_operation_that_nobody_knows_is_named_and_the_rest_is_a_lower_bound(
    tmp_path: Path,
) -> None:
    file = version_4()
    without = price_kmodel(written(file, tmp_path), TARGET)
    file.raw(0x1001, bytes(16))
    cost = price_kmodel(written(file, tmp_path), TARGET)
    assert cost.unknown_ops == (("3 CPU conv2d", "CPU conv2d"),)
    assert cost.latency_ms == pytest.approx(without.latency_ms)
    verdict = K210().judge(cost, TARGET)
    assert verdict.status == "unknown"
    assert "'CPU conv2d'" in verdict.message


def test_more_main_memory_than_there_is(tmp_path: Path) -> None:
    file = version_4()
    file.main_bytes = 3 << 20
    told = dse.check(str(written(file, tmp_path)), "k210-maixpy-full")
    assert (told.verdict.status, told.verdict.reason) == ("rejected", "main_memory")


def test_the_clock_of_the_target_counts(tmp_path: Path) -> None:
    path = written(version_4(), tmp_path)
    slow = replace(TARGET, cpu_clock_hz=TARGET.cpu_clock_hz // 2,
                   kpu_clock_hz=TARGET.kpu_clock_hz // 2)  # fmt: skip
    ratio = price_kmodel(path, slow).latency_ms / price_kmodel(path, TARGET).latency_ms
    assert ratio == pytest.approx(2)


def test_what_is_no_kmodel(tmp_path: Path) -> None:
    path = tmp_path / "x.kmodel"
    with pytest.raises(FileError):
        dse.check(str(path))
    path.write_bytes(b"nothing")
    with pytest.raises(VerificationFailed, match="not a kmodel"):
        dse.check(str(path))
    with pytest.raises(VerificationFailed, match="not a kmodel"):
        dse.explain(str(path))
    sealed = tmp_path / "x.smodel"
    sealed.write_bytes(random.Random(1).randbytes(9000))
    with pytest.raises(VerificationFailed, match="encrypted"):
        dse.check(str(sealed))


def test_a_tensor_that_is_none_is_refused(tmp_path: Path) -> None:
    file = version_4()
    numbers = file.outputs[0]
    file.add(nodes.Transpose, input=numbers, output=numbers, in_shape=(1, 0, 8, 8),
             order=(0, 1, 2, 3))  # fmt: skip
    with pytest.raises(VerificationFailed, match="'transpose' has sides"):
        price_kmodel(written(file, tmp_path), TARGET)


def test_a_tensor_beyond_its_memory_is_refused(tmp_path: Path) -> None:
    file = version_3()
    file.add(layers.Softmax, input=256, output=256, channels=1 << 20)
    with pytest.raises(VerificationFailed, match="'softmax' reaches"):
        price_kmodel(written(file, tmp_path), TARGET)


WHOLE = {3: version_3().content(), 4: version_4().content()}


@pytest.mark.parametrize("version", WHOLE)
@given(place=st.integers(0, 600), value=st.integers(0, (1 << 32) - 1))
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_is_priced_or_refused(
    version: int, place: int, value: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(WHOLE[version])
    place = place % (len(content) // 4) * 4
    struct.pack_into("<I", content, place, value)
    path = tmp_path_factory.getbasetemp() / f"damaged-{version}.kmodel"
    path.write_bytes(content)
    try:
        cost = price_kmodel(path, TARGET)
    except DseError as error:
        assert error.exit_code == 4
    else:
        assert cost.latency_ms_low <= cost.latency_ms <= cost.latency_ms_high < 1e9
