"""Kmodels of version 5: what the file says is what was said of the network before it was made."""

from __future__ import annotations

from pathlib import Path

import pytest

import dse
from dse.chips.k210.chip import K210
from dse.chips.k210.emulator import stack_code, tensor_functions
from dse.chips.k210.file_cost.pricing import price_kmodel
from dse.chips.k210.target import K210Target
from dse.errors import DseError

BUNDLES = Path(dse.__file__).parents[1] / "results" / "reference" / "bundles"
NAMES = ("P5-a1-256", "P8-a0.5-128", "P8-a0.5-256")
SAME = ("kmodel_bytes", "input_bytes", "output_bytes", "data_bytes", "main_memory_bytes",
        "peak_kpu_bytes")  # fmt: skip
TARGET = K210Target.load("k210")


def model(name: str) -> Path:
    return BUNDLES / name / "model.kmodel"


@pytest.mark.parametrize("name", NAMES)
def test_the_file_costs_what_its_network_was_said_to(name: str) -> None:
    file, network = dse.check(model(name)).cost, dse.check(name).cost
    assert {one: file.figures[one] for one in SAME} == {one: network.figures[one] for one in SAME}
    assert (file.parameters, file.macs) == (network.parameters, network.macs)
    for one in ("latency_ms", "latency_ms_low", "latency_ms_high"):
        assert getattr(file, one) == pytest.approx(getattr(network, one), rel=1e-9)


def test_its_account_adds_up() -> None:
    told = dse.explain(model("P8-a0.5-128"))
    assert sum(row["latency_ms"] for row in told.account.layers) == pytest.approx(
        told.checked.cost.latency_ms
    )
    ops = [row["op"] for row in told.account.layers]
    assert ops[0] == "upload" and ops[-1] == "dequantize"
    kpu, data = told.account.memories
    assert kpu.peak_bytes == told.checked.cost.figures["peak_kpu_bytes"]
    assert 0 < data.peak_bytes <= told.checked.cost.figures["data_bytes"]


def test_maixpy_does_not_load_it() -> None:
    told = dse.check(model("P8-a0.5-128"), "k210-maixpy-full")
    assert told.verdict.reason == "kmodel_version"
    assert "loads kmodel version 3, 4; this is version 5" in told.message


def test_where_the_cpus_code_is_not_known_the_kpus_layers_are_a_lower_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = price_kmodel(model("P8-a0.5-128"), TARGET)
    monkeypatch.setattr(stack_code, "SIGNATURES", {0x03: tensor_functions.SIGNATURES[0x03]})
    part = price_kmodel(model("P8-a0.5-128"), TARGET)
    assert K210().judge(part, TARGET).status == "unknown"
    assert "dequantize" in part.unknown_ops[0][1]
    assert 0 < part.latency_ms < whole.latency_ms
    assert part.macs == whole.macs


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    content, path = model("P8-a0.5-128").read_bytes(), tmp_path / "cut.kmodel"
    for length in (0, 7, 40, 1000, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(DseError) as error:
            price_kmodel(path, TARGET)
        assert error.value.exit_code == 4
