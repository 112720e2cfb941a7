"""A chip of one memory and one multiplier, for tests: the least that the contract asks for.

It computes with weights of 8 bits and activations of 4 bytes. Its file holds a training's name
and its weights; running it means computing what stands in it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
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
from dse.files import make_folder, read_bytes, whole_folder, write_whole
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.space import FORMATS, Training

SRAM = Pool("sram", "SRAM", "SRAM", "SRAM", "sram_bytes")
MAGIC = b"TOY "


@dataclass(frozen=True)
class ToyTarget(Target):
    sram_bytes: int
    clock_hz: int


@dataclass(frozen=True)
class ToyCost(Cost):
    """A byte a weight; every map in SRAM from the step that writes it to the last that reads it."""

    sram_bytes: int
    layer: str

    @property
    def file_bytes(self) -> int:
        return len(MAGIC) + self.parameters

    @property
    def figures(self) -> dict[str, int]:
        return {"file_bytes": self.file_bytes, "sram_bytes": self.sram_bytes}


class ToyFile(Deployed):
    content, compiler = b"", "toy compiler 1"

    def __init__(self, content: bytes) -> None:
        self.content = content

    @contextmanager
    def running(self, workers: int | None = None) -> Iterator[Run]:
        from dse.network.keras_inference import predictor

        if not self.content.startswith(MAGIC):
            raise VerificationFailed("this is no toy file")
        name, _, arrays = self.content.removeprefix(MAGIC).partition(b"\n")
        with np.load(io.BytesIO(arrays)) as weights:
            predict = predictor(detector_graph(Training.parse(name.decode())), dict(weights))
            yield Run(predict, "the file itself, by the toy's own arithmetic")


class Toy(Chip):
    name, title, formats, pools = "toy", "toy chip", ("Q8",), (SRAM,)
    file_suffixes, bundled_file, target_type = (".toy",), "model.toy", ToyTarget
    places = {"multiplier": "the multiplier"}  # noqa: RUF012

    def price(self, graph: Graph, format: str, target: Any) -> ToyCost:
        if format not in FORMATS:
            raise UnknownName("format", format, FORMATS)
        buffers, placed = _placed(graph)
        ms = graph.macs / target.clock_hz * 1e3
        own = (format in self.formats, (), (), placed.peak_bytes, buffers[placed.peak_buffer].name)
        return ToyCost(format, graph.parameters, graph.macs, ms, 0.9 * ms, 1.1 * ms, ms, *own)

    def uses(self, cost: Any, target: Any) -> tuple[Use]:
        return (Use(SRAM, cost.sram_bytes, target.sram_bytes, cost.layer),)

    def account(self, graph: Graph, format: str, target: Any) -> Account:
        whole_ms, (buffers, placed) = self.price(graph, format, target).latency_ms, _placed(graph)
        ms = {one.name: whole_ms * graph.macs_of(one) / graph.macs for one in graph}
        here = {"place": "multiplier"}
        places = zip(buffers, placed.starts, strict=True)
        rows = [{"layer": b.name, "start_bytes": at, **here, **b._asdict()} for b, at in places]
        layers = [
            {"layer": one.name, "op": one.op, "runs_on": "multiplier", "shape": one.shape,
             "latency_ms": ms[one.name], "share": ms[one.name] / whole_ms, "why": ""}
            for one in graph
        ]  # fmt: skip
        steps = [
            {"step": n, "layer": one.name, "op": one.op, "ms": ms[one.name], **here}
            for n, one in enumerate(graph)
        ]
        sizes = (target.sram_bytes, placed.peak_bytes)
        memory = Buffers("sram", "SRAM", "of SRAM", *sizes, rows)
        return Account(layers, steps, [memory], figures={}, columns={})

    def deploy(self, graph: Graph, weights: Any, *_: Any, **__: Any) -> ToyFile:
        from dse.network.weight_formats import quantize_weights

        arrays = io.BytesIO()
        np.savez(arrays, **quantize_weights(weights, "Q8"))  # type: ignore[arg-type]
        return ToyFile(MAGIC + graph.name.encode() + b"\n" + arrays.getvalue())

    def bundle(self, folder: Path, candidate: Any, graph: Graph, weights: Any, *more: Any,
               **_: Any) -> ExportReport:  # fmt: skip
        from dse.evaluation import prepare
        from dse.network.keras_inference import predictor

        file, pictures = (
            self.deploy(graph, weights),
            prepare(more[1], candidate.training.input_size),
        )
        in_float = measure_accuracy(predictor(graph, weights), pictures)
        make_folder(folder.parent)
        with file.running() as run, whole_folder(folder) as fresh:
            found = measure_accuracy(run, pictures)
            write_whole(fresh / self.bundled_file, file.content)
        files = (folder / self.bundled_file, len(file.content))
        return ExportReport(folder, candidate.id, *files, in_float.ap, found.ap)

    def verify(self, path: Path, data: Any, target: Target | None) -> VerifyReport:
        report = VerifyReport()
        content = read_bytes(path / self.bundled_file if path.is_dir() else path, 1 << 30)
        with report.noting(), ToyFile(content).running() as run:
            report.measured["how"] = run.how
        return report


def _placed(graph: Graph) -> tuple[list[Buffer], Placement]:
    reads = {one: n for n, layer in enumerate(graph) for one in layer.inputs}
    buffers = [
        Buffer(layer.name, 4 * int(np.prod(layer.shape)), n, reads.get(layer.name, n))
        for n, layer in enumerate(graph)
    ]
    return buffers, first_fit(buffers, 4)
