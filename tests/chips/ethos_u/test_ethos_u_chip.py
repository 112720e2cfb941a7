"""The Ethos-U keeps to the contract, and says what it lacks; Vela says the rest."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import pytest

from dse import processes
from dse.chips import Chip, Target, chip, explain
from dse.chips.ethos_u.int8_file import int8_file
from dse.chips.ethos_u.vela import compiler
from dse.cli import main
from dse.network.detector import Network, detector_graph
from dse.network.graph import Graph, Layer
from dse.space import SearchSpace, Training
from tests.chips.conformance import ChipConformance
from tests.chips.ethos_u.installed import grove, need_vela

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

BOARD = ("--target", "grove-vision-ai-v2")


@pytest.fixture(autouse=True)
def vela() -> None:
    need_vela()


class TestEthosU(ChipConformance):
    too_large = "A98-a1-320"

    @pytest.fixture()
    def chip(self) -> Chip:
        return chip("ethos_u")

    @pytest.fixture()
    def target(self, chip: Chip) -> Target:
        return grove()

    @pytest.fixture()
    def space(self, chip: Chip) -> SearchSpace:
        axes = {
            "breakpoint": ["A", "P"], "frozen_until": [98, 5], "width": [0.5, 1.0],
            "input_size": [96, 320], "format": [*chip.formats, "FP32"],
        }  # fmt: skip
        return SearchSpace.of("conformance", axes)


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_velas_own(seed: int, tmp_path: Path) -> None:
    """A network at random, by Vela's command line in a process of its own."""
    rng, target = random.Random(seed), grove()
    letter, size = rng.choice("ABP"), 32 * rng.randint(3, 9)
    graph = Network(letter, rng.choice([0.5, 1.0]), size, rng.randint(5, 125)).graph
    network, system = tmp_path / "network.tflite", tmp_path / "system.ini"
    network.write_bytes(int8_file(graph))
    system.write_text(target.system)
    command = [str(compiler(target)), "-I", "-m", "ethosu.vela", *target.options]
    files = ["--config", str(system), "--output-dir", str(tmp_path), str(network)]
    assert processes.run([*command, *files], 300).code == 0
    (found,) = tmp_path.glob("*_summary_*.csv")
    with found.open() as file:
        (told,) = csv.DictReader(file)
    cost: Any = chip("ethos_u").price(graph, "int8", target)
    assert cost.sram_bytes - target.runtime_sram_bytes == float(told["sram_memory_used"]) * 1024
    assert cost.flash_bytes == float(told["off_chip_flash_memory_used"]) * 1024
    assert cost.npu_cycles == float(told["cycles_total"])
    steps = chip("ethos_u").account(graph, "int8", target).steps
    assert sum(step["npu_cycles"] for step in steps) == cost.npu_cycles
    assert cost.latency_ms == pytest.approx(float(told["inference_time"]) * 1e3)


def test_reference_networks() -> None:
    """As Vela 5.2.0 said of these two with trained weights: 453.8 and 786.0 KiB, 12.5 and 13.7 ms;
    flash 537 and 240 KiB."""
    for name, sram, flash, ms in (
        ("P5-a1-256", 453.8, 537.4, 12.55), ("A98-a0.5-224", 786.0, 239.9, 13.75),
    ):  # fmt: skip
        cost: Any = chip("ethos_u").price(detector_graph(Training.parse(name)), "int8", grove())
        assert cost.sram_bytes / 1024 == pytest.approx(sram, abs=0.3)
        assert cost.latency_ms == pytest.approx(ms, rel=0.01)
        assert cost.flash_bytes_low <= flash * 1024 <= cost.flash_bytes_high


def test_every_shipped_system_is_one_that_vela_takes() -> None:
    from dse.chips import load_target
    from dse.resources import names

    graph = detector_graph(Training.parse("P5-a0.5-96"))
    targets = [load_target(name) for name in names("constraints")]
    ours = [target for target in targets if target.chip == "ethos_u"]
    cycles = {target.name: chip("ethos_u").price(graph, "int8", target) for target in ours}
    assert len(cycles) >= 4
    assert all(cost.latency_ms > 0 for cost in cycles.values())
    assert cycles["ethos-u55-256"].latency_ms < cycles["ethos-u55-128"].latency_ms


def test_what_runs_on_the_cpu_is_named_and_its_time_is_not_invented() -> None:
    """The NPU enlarges maps by 2, 4 and 8."""
    layers = (
        Layer("input", "input", (), (32, 32, 3)),
        Layer("conv", "conv", ("input",), (32, 32, 8), 3, 1, (1,) * 4, "relu6", bias=True),
        Layer("up", "upsample_nearest", ("conv",), (96, 96, 8), stride=3),
        Layer("head", "conv", ("up",), (96, 96, 5), bias=True),
    )
    graph, target, on = Graph("enlarged", layers, ("head",)), grove(), chip("ethos_u")
    cost, account = on.price(graph, "int8", target), on.account(graph, "int8", target)
    assert cost.unknown_ops == (("up", "ResizeNearestNeighbor"),)
    assert not cost.is_priced and on.judge(cost, target).status == "unknown"
    places = {row["layer"]: row["runs_on"] for row in account.layers}
    assert places == {"input": "", "conv": "NPU", "up": "CPU", "head": "NPU"}
    assert "unsupported scale-factor=3; its time is unknown" in account.layers[2]["why"]


def test_a_layer_that_cannot_be_told_to_vela_is_named() -> None:
    layers = (
        Layer("input", "input", (), (32, 32, 3)),
        Layer("odd", "softmax", ("input",), (32, 32, 3)),
    )
    graph, target = Graph("odd", layers, ("odd",)), grove()
    verdict = chip("ethos_u").judge(chip("ethos_u").price(graph, "int8", target), target)
    assert (verdict.status, verdict.layer) == ("unknown", "odd")
    assert "--compile" not in verdict.message
    assert chip("ethos_u").account(graph, "int8", target).steps == []


def test_an_account_tells_buffers_and_what_they_hold() -> None:
    told = explain("P5-a1-256", grove())
    (memory,) = told.account.memories
    assert {row["holds"] for row in memory.rows} == {"map", "weights"}
    assert memory.peak_bytes == told.checked.cost.figures["sram_bytes"] - 128
    assert "flash depends on trained weights" in told.table()


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    capsys.readouterr()
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = said(capsys, "check", "P5-a1-256", "A98-a1-320-int8", *BOARD)
    assert [row["verdict"] for row in rows] == ["accepted", "rejected"]
    assert rows[1]["reason"] == "sram" and rows[1]["nearest"].endswith("-int8")
    figure = tmp_path / "figure.html"
    told = said(capsys, "explain", "P5-a1-256", *BOARD, "--figure", figure)
    assert told["sram_buffers"]
    text = figure.read_text(encoding="utf-8")
    assert "flash 787 KiB" in text and "file 787 KiB" not in text  # one thing, told once
    plan = said(capsys, "search", "--dry-run", *BOARD)
    assert plan["feasible"] and set(plan["rejected"]) == {"sram"}
    assert "P5-a1-256" in plan["trainings"]


def test_a_search_is_refused_before_a_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["search", "--budget", "1", *BOARD, "--results", str(tmp_path / "results")]
    assert main([*asked, "--data", "synthetic:20"]) == 2
    assert "could not be judged" in capsys.readouterr().err
    assert not list((tmp_path / "results").glob("*/study.toml"))


def test_what_it_lacks_ends_with_2_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "board.log").write_text("1 ms\n")
    for arguments, words in (
        (["check", "P5-a1-256", "--compile"], "priced by its own compiler"),
        (["calibrate", str(tmp_path / "board.log")], "no time constants to refit"),
        (["verify", str(tmp_path / "board.log")], "no files to verify"),
    ):
        assert main([*arguments, *BOARD]) == 2
        assert words in capsys.readouterr().err


def test_a_quantized_file_is_priced_as_it_is_and_a_float_one_by_its_layers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dse.chips.k210.compiler.tflite import random_tflite

    graph = detector_graph(Training.parse("A98-a0.5-96"))
    quantized, floating = tmp_path / "int8.tflite", tmp_path / "float.tflite"
    quantized.write_bytes(int8_file(graph))
    floating.write_bytes(random_tflite(graph, 0))
    exact, band, design = said(capsys, "check", quantized, floating, "A98-a0.5-96", *BOARD)
    for name in ("sram_bytes", "flash_bytes", "npu_cycles", "macs"):
        assert exact[name] == band[name] == design[name]
    assert exact["flash_bytes_low"] == exact["flash_bytes"] == exact["flash_bytes_high"]
    assert exact["notes"] == [] and band["flash_bytes_low"] < band["flash_bytes_high"]
    told = said(capsys, "explain", quantized, *BOARD)
    assert {row["runs_on"] for row in told["layers"]} == {"NPU"}
    assert sum(row["latency_ms"] for row in told["layers"]) == pytest.approx(exact["latency_ms"])
