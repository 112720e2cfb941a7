"""A chip of one memory and one multiplier, for tests: the least that the contract asks for.

It computes with weights of 8 bits and activations of 4 bytes. Its file holds a training's name
and its weights; "running" it means computing what stands in the file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dse.chips.abilities import Deployed, ExportReport, Run, VerifyReport
from dse.chips.account import Account, Buffers
from dse.chips.accuracy import measure_accuracy
from dse.chips.allocator import Buffer, Placement, first_fit
from dse.chips.chip import Chip
from dse.chips.cost import Cost, Pool, Use
from dse.chips.target import Target
from dse.errors import UnknownName, VerificationFailed
from dse.files import read_bytes, whole_folder, write_whole
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.space import FORMATS, Training

SRAM = Pool("sram", "SRAM", "SRAM", "SRAM", "sram_bytes")
MAGIC = b"TOY "


@dataclass(frozen=True)
class ToyTarget(Target):
    """A board with a toy on it."""

    sram_bytes: int
    clock_hz: int


@dataclass(frozen=True)
class ToyCost(Cost):
    """A byte a weight; every map in SRAM from its layer to the last that reads it."""

    sram_bytes: int
    layer: str

    @property
    def file_bytes(self) -> int:
        return len(MAGIC) + self.parameters

    @property
    def figures(self) -> dict[str, int]:
        return {"file_bytes": self.file_bytes, "sram_bytes": self.sram_bytes}


@dataclass
class ToyRun(Run):
    predict: Any
    how = "the file itself, by the toy's own arithmetic"

    def __call__(self, canvases: Any) -> Any:
        return self.predict(canvases)


@dataclass(frozen=True)
class ToyFile(Deployed):
    content: bytes
    compiler = "toy compiler 1"

    @property
    def figures(self) -> Mapping[str, int | None]:
        return {"file_bytes": len(self.content)}

    @contextmanager
    def running(self, workers: int | None = None) -> Iterator[ToyRun]:
        from dse.network.keras_inference import predictor

        name, _, arrays = self.content.removeprefix(MAGIC).partition(b"\n")
        if not self.content.startswith(MAGIC):
            raise VerificationFailed("this is no toy file")
        with np.load(io.BytesIO(arrays)) as weights:
            yield ToyRun(predictor(detector_graph(Training.parse(name.decode())), dict(weights)))


class Toy(Chip):
    name, title, formats, pools = "toy", "toy chip", ("Q8",), (SRAM,)
    file_suffixes, bundled_file, target_type = (".toy",), "model.toy", ToyTarget
    places = {"multiplier": "the multiplier"}  # noqa: RUF012

    def price(self, graph: Graph, format: str, target: Target) -> ToyCost:
        if format not in FORMATS:
            raise UnknownName("format", format, FORMATS)
        buffers, placed = _placed(graph)
        ms = graph.macs / target.clock_hz * 1e3  # type: ignore[attr-defined]
        own = (format in self.formats, (), (), placed.peak_bytes, buffers[placed.peak_buffer].name)
        return ToyCost(format, graph.parameters, graph.macs, ms, 0.9 * ms, 1.1 * ms, ms, *own)

    def uses(self, cost: Cost, target: Target) -> tuple[Use]:
        assert isinstance(cost, ToyCost) and isinstance(target, ToyTarget)
        return (Use(SRAM, cost.sram_bytes, target.sram_bytes, cost.layer),)

    def account(self, graph: Graph, format: str, target: Target) -> Account:
        cost, (buffers, placed) = self.price(graph, format, target), _placed(graph)
        per_mac_ms = cost.latency_ms / graph.macs
        rows = [
            {"layer": b.name, "place": "multiplier", "start_bytes": start,
             "size_bytes": b.size_bytes, "birth": b.birth, "death": b.death}
            for b, start in zip(buffers, placed.starts, strict=True)
        ]  # fmt: skip
        times = [(layer, graph.macs_of(layer) * per_mac_ms) for layer in graph]
        layers = [
            {"layer": one.name, "op": one.op, "runs_on": "multiplier", "shape": list(one.shape),
             "steps": [one.op], "parameters": graph.parameters_of(one), "macs": graph.macs_of(one),
             "latency_ms": ms, "latency_ms_low": 0.9 * ms, "latency_ms_high": 1.1 * ms,
             "share": ms / cost.latency_ms, "why": "there is nothing else"}
            for one, ms in times
        ]  # fmt: skip
        steps = [
            {"step": n, "layer": one.name, "op": one.op, "place": "multiplier", "ms": ms}
            for n, (one, ms) in enumerate(times)
        ]
        assert isinstance(target, ToyTarget)
        memory = Buffers("sram", "SRAM", "of SRAM", target.sram_bytes, placed.peak_bytes, rows)
        return Account(layers, steps, [memory], {}, {})

    def deploy(self, graph: Graph, weights: Any, calibration: Any, target: Target, **_: Any) -> Any:
        from dse.network.weight_formats import quantize_weights

        arrays = io.BytesIO()
        np.savez(arrays, **quantize_weights(weights, "Q8"))  # type: ignore[arg-type]
        return ToyFile(MAGIC + graph.name.encode() + b"\n" + arrays.getvalue())

    def bundle(
        self, folder: Path, candidate: Any, graph: Graph, weights: Any, calibration: Any,
        data: Any, *, target: Target, **_: Any,
    ) -> ExportReport:  # fmt: skip
        from dse.evaluation import prepare
        from dse.network.keras_inference import predictor

        file = self.deploy(graph, weights, calibration, target)
        prepared = prepare(data, candidate.training.input_size)
        with file.running() as run, whole_folder(folder) as fresh:
            found = measure_accuracy(run, prepared)
            in_float = measure_accuracy(predictor(graph, weights), prepared)
            write_whole(fresh / self.bundled_file, file.content)
        path, size = folder / self.bundled_file, len(file.content)
        return ExportReport(folder, candidate.id, path, size, in_float.ap, found.ap)

    def verify(self, path: Path, data: Any, target: Target | None) -> VerifyReport:
        report = VerifyReport()
        content = read_bytes(path / self.bundled_file if path.is_dir() else path, 1 << 30)
        with report.noting(), ToyFile(content).running() as run:
            report.measured["how"] = run.how
        return report


def _placed(graph: Graph) -> tuple[list[Buffer], Placement]:
    """The maps of `graph`, each from the step that writes it to the last that reads it."""
    reads = {one: n for n, layer in enumerate(graph) for one in layer.inputs}
    buffers = [
        Buffer(layer.name, 4 * int(np.prod(layer.shape)), n, reads.get(layer.name, n))
        for n, layer in enumerate(graph)
    ]
    return buffers, first_fit(buffers, 4)
