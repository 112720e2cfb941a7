"""Agreement with nncase 1.9.0: what it compiled, and what it refused.

`compiled_nncase190.csv` holds detectors of this project, compiled with random weights by
this project's own exporter: sizes, memory and graph do not depend on weights.
"""

import csv
import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dse.chips import judge
from dse.chips.k210.compiler.compiler import CompiledKmodel, compile_kmodel
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.k210.cost.price import K210Cost, price
from dse.chips.k210.file_cost.pricing import price_kmodel
from dse.chips.k210.target import K210Target
from dse.network.detector import detector_graph
from dse.space import Training
from tests.chips.networks import grid_graph

COMPILED = Path(__file__).parent / "compiled_nncase190.csv"


@pytest.fixture(scope="module")
def target() -> K210Target:
    return K210Target.load("k210")


def fits(cost: K210Cost, target: K210Target) -> bool:
    return judge(cost, target).reason != "kpu_memory"


@pytest.mark.slow
def test_our_detectors_to_the_byte(target: K210Target) -> None:
    rows = list(csv.DictReader(COMPILED.read_text().splitlines()))
    assert len(rows) > 100
    assert {row["fits"] for row in rows} == {"yes", "no"}
    for row in rows:
        cost = price(detector_graph(Training.parse(row["training"])), "kpu8", target)
        assert fits(cost, target) == (row["fits"] == "yes"), row["training"]
        if row["fits"] == "yes":
            ours = (cost.data_bytes, cost.kmodel_bytes, cost.peak_kpu_bytes)
            theirs = tuple(int(row[key]) for key in ("data_bytes", "kmodel_bytes", "kpu_bytes"))
            assert ours == theirs, row["training"]


def test_some_of_the_compiled_detectors_are_not_square() -> None:
    names = [row.split(",")[0] for row in COMPILED.read_text().splitlines()[1:]]
    canvases = [Training.parse(name).canvas for name in names]
    assert sum(one.width > one.height for one in canvases) >= 10
    assert sum(one.width < one.height for one in canvases) >= 2


@pytest.mark.slow
def test_the_grid_to_the_byte(k210_grid: Path, target: K210Target) -> None:
    """80 networks, also not square, with padding on all sides and at the bottom right."""
    rows = json.loads(k210_grid.read_text())
    assert len(rows) == 80
    for row in rows:
        graph = grid_graph(row["alpha"], row["H"], row["W"], row["pad"])
        cost = price(graph, "kpu8", target)
        assert fits(cost, target) == ("model" in row), graph.name
        if "model" in row:
            ours = (
                cost.input_bytes, cost.output_bytes, cost.data_bytes, cost.kmodel_bytes,
                cost.main_memory_bytes, cost.peak_kpu_bytes,
            )  # fmt: skip
            keys = ("input", "output", "data", "model", "total", "kpu_peak")
            assert ours == tuple(row[key] for key in keys), graph.name


@pytest.mark.parametrize(
    ("name", "data_bytes", "kmodel_bytes"),
    [("A63-a0.5-224", 652_288, 277_136)],
)
def test_interleaved_to_the_byte(
    name: str, data_bytes: int, kmodel_bytes: int, target: K210Target
) -> None:
    """The compiler's summary with NHWC pictures and maps: two transposes on the CPU."""
    cost = price(detector_graph(Training.parse(name)), "kpu8", replace(target, interleaved=True))
    assert (cost.data_bytes, cost.kmodel_bytes) == (data_bytes, kmodel_bytes)


@pytest.mark.compiler
@pytest.mark.slow
@pytest.mark.parametrize("firmware", ["k210-canmv", "k210-maixpy-full"])
@pytest.mark.parametrize(
    "name",
    ["P5-a0.5-96", "P8-a0.5-256", "A98-a0.35-96", "A63-a0.5-128", "A98-a0.35-200",
     "P8-a0.5-320x240"],
)  # fmt: skip
def test_a_design_costs_what_its_file_does(
    name: str, firmware: str, compiled: Callable[[str], CompiledKmodel], tmp_path: Path
) -> None:
    """In versions 3 and 4: time with its band, file, main memory.

    KPU memory, too, in version 4. A file of version 3 does not say where its maps end, for its own
    compiler fills the memory from both ends; it is taken for the most that lives at once.
    """
    graph, versions = detector_graph(Training.parse(name)), (3, 4)
    for version in versions:
        target = replace(K210Target.load(firmware), kmodel_versions_written=(version,))
        design = price(graph, "kpu8", target)
        if design.unwritten:
            assert (name, version) == ("A98-a0.35-200", 3)
            continue
        path = tmp_path / f"{version}.kmodel"
        path.write_bytes(compiled(name).in_version(version).kmodel)
        file = price_kmodel(path, target)
        times = "latency_ms", "latency_ms_low", "latency_ms_high", "energy_mj"
        sizes = "kmodel_bytes", "data_bytes", "main_memory_bytes"
        for field in times:
            assert getattr(design, field) == pytest.approx(getattr(file, field), rel=1e-12)
        assert [getattr(design, f) for f in sizes] == [getattr(file, f) for f in sizes]
        if version == 4:
            assert design.peak_kpu_bytes == file.peak_kpu_bytes
        else:
            assert design.peak_kpu_bytes >= file.peak_kpu_bytes


@pytest.fixture(scope="module")
def compiled() -> Callable[[str], CompiledKmodel]:
    """A design compiled once, with random weights."""

    @functools.cache
    def made(name: str) -> CompiledKmodel:
        graph = detector_graph(Training.parse(name))
        picture = np.random.default_rng(0).integers(0, 256, (1, *graph.input.shape), np.uint8)
        return compile_kmodel(random_tflite(graph, seed=0), picture)

    return made
