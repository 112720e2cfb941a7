"""`dse explain`: every layer has a row, and the costly ones a reason."""

from pathlib import Path
from typing import Any

import pytest

from dse.chips import explain, load_target, price_candidate
from dse.chips.k210.compiler.tflite import random_tflite
from dse.network.graph import Graph, Layer
from dse.space import Candidate

TARGET = load_target("k210")


def layers(name: str) -> dict[str, dict[str, Any]]:
    return {row["layer"]: row for row in explain(name, TARGET).as_dict()["layers"]}


@pytest.mark.parametrize("name", ["A98-a0.5-224-kpu8", "C98-a0.35-96-kpu8", "B98-a0.5-160-FP32"])
def test_rows_add_up_to_the_cost(name: str) -> None:
    rows = layers(name).values()
    cost = price_candidate(Candidate.parse(name), TARGET).cost
    assert sum(row["latency_ms"] for row in rows) == pytest.approx(cost.latency_ms)
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert sum(row["macs"] for row in rows) == cost.macs
    assert max(row["kpu_end_bytes"] for row in rows) == cost.figures["peak_kpu_bytes"]


def test_the_account_says_what_check_says_and_what_is_allowed() -> None:
    account = explain("A98-a1-224-kpu8", TARGET).as_dict()
    assert account["design"] == "A98-a1-224-kpu8"
    assert (account["verdict"], account["reason"]) == ("rejected", "kpu_memory")
    assert account["layer"] == "block_1_depthwise"
    assert account["peak_kpu_bytes"] > account["kpu_memory_bytes"] == 2 << 20
    assert account["model_memory_bytes"] == 6 << 20
    assert account["steps"]
    assert account["kpu_buffers"]
    assert account["data_buffers"]


def reasons(name: str) -> dict[str, str]:
    return {layer: row["why"] for layer, row in layers(name).items()}


def test_reasons() -> None:
    why = reasons("B98-a0.35-96")
    assert "full resolution" in why["Conv1"]
    assert "takes over the stride" in why["block_1_project"]
    assert "joined in float32" in why["block_2_add"]
    assert "on the CPU: 3x3 map" in why["block_14_add"]
    assert "every second pixel" in why["block_13_depthwise"]
    assert "pads it to 4x4" in why["block_14_expand"]
    assert "1280 channels" in why["Conv_1"]
    assert "1280 channels" in why["head"]
    assert why["block_3_expand"] == ""


def test_the_true_reason_of_a_crop(tmp_path: Path) -> None:
    path = tmp_path / "crops.tflite"
    crops = (
        Layer("input", "input", (), (32, 32, 3)),
        Layer("valid", "conv", ("input",), (30, 30, 8), 3, bias=True),
        Layer("top", "conv", ("valid",), (29, 30, 8), 3, 1, (1, 0, 1, 1), bias=True),
    )
    path.write_bytes(random_tflite(Graph("crops", crops, ("top",)), seed=0))
    why = reasons(str(path))
    assert why["valid"].startswith("a 3x3 convolution without padding ('valid')")
    assert why["top"].startswith("padding of 1, 0, 1, 1 (top, bottom, left, right)")
    assert not any("4x4" in words for words in why.values())


def test_what_the_cpu_moves_is_named() -> None:
    why = reasons("A98-a0.5-224")
    assert why["input"] == "CPU: upload"
    assert why["block_2_add"].endswith("; CPU: quantize, upload")
    assert why["head"] == "CPU: download, dequantize"


def test_up_sampling_and_concatenation_are_the_cpus() -> None:
    upsample = layers("C98-a0.5-224")["upsample"]
    assert upsample["runs_on"] == "cpu"
    assert upsample["kpu_cycles"] == 0
    assert upsample["why"] == "the KPU has no such operation"


def test_pools_run_where_the_convolution_before_them_lets_them(tmp_path: Path) -> None:
    one = (1, 1, 1, 1)
    path = tmp_path / "pools.tflite"
    pools = (
        Layer("input", "input", (), (64, 64, 3)),
        Layer("a", "conv", ("input",), (64, 64, 8), 3, 1, one, "relu", bias=True),
        Layer("fused", "maxpool", ("a",), (32, 32, 8), 2, 2),
        Layer("b", "conv", ("fused",), (32, 32, 8), 3, 1, one, "relu", bias=True),
        Layer("alone", "maxpool", ("b",), (30, 30, 8), 3, 1),
    )
    path.write_bytes(random_tflite(Graph("pools", pools, ("alone",)), seed=0))
    rows = layers(str(path))
    assert (rows["fused"]["runs_on"], rows["alone"]["runs_on"]) == ("kpu", "cpu")
    assert "while the convolution before it is written" in rows["fused"]["why"]
    assert "pools 2x2 or 4x4" in rows["alone"]["why"]


def test_where_layers_run() -> None:
    rows = layers("A98-a0.5-224")
    assert rows["block_3_expand"]["runs_on"] == "kpu"
    assert rows["block_3_expand"]["kpu_cycles"] > 0
    assert rows["block_2_add"]["runs_on"] == "kpu+cpu"
    assert {row["runs_on"] for row in layers("A98-a0.5-224-Q8").values()} == {"cpu"}


def test_live_memory_is_what_the_layer_reads_and_writes_and_what_waits() -> None:
    row = layers("A98-a0.5-224")["block_1_depthwise"]
    assert row["kpu_live_bytes"] == 2 * 688_128  # its input and its output, both full size
    assert row["kpu_end_bytes"] == 114_688 + 2 * 688_128  # above a hole that is just free


def test_the_table_ends_with_the_verdict_and_the_sum() -> None:
    lines = explain("A98-a0.5-224", TARGET).table().splitlines()
    assert lines[0].startswith("layer")
    assert any(line.startswith("accepted: fits") for line in lines)
    assert any("together" in line for line in lines)
    assert max(len(line) for line in lines) < 240
