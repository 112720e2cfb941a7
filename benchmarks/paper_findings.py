"""The paper's findings on the K210, predicted and compiled side by side.

    python benchmarks/paper_findings.py [--target k210] [--without-keras] [--json]

Narduzzi et al. (arXiv 2208.11011) deploy alpha 0.5 at 224 pixels: larger pictures and wider
networks did not fit. Two habits of TensorFlow cost more: padding at the bottom right of
everything with a stride of 2, and a normalisation of the picture left to the CPU. Each
network is a candidate or a `.tflite` file made that way; those with a normalisation are
written by Keras' own layers and TensorFlow's converter, which takes half a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dse.chips import Target, check_rows, load_target
from dse.chips.k210.compiler.second_opinion import COMPARED, compiled_row
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.k210.target import K210Target
from dse.network.detector import detector_graph
from dse.network.graph import CONVOLUTIONS, Graph
from dse.space import Training
from dse.text_table import format_table

PAPER = "A98-a0.5-224"
CANDIDATES = (
    PAPER, "A98-a0.5-256", "A98-a0.5-288", "A98-a0.5-320", "A98-a0.75-224", "A98-a1-160",
    "A98-a1-192", "A98-a1-224",
)  # fmt: skip
"""The paper's choice, then larger pictures, then wider networks."""

PADDED_BY_TENSORFLOW = ("A98-a0.35-224", PAPER, "A98-a0.5-256")
BOTTOM_RIGHT = (0, 1, 0, 1)
COLUMNS = ("network", "by", "verdict", ".data", "file", "main memory", "KPU memory", "more")


def bottom_right(graph: Graph) -> Graph:
    """`graph` with TensorFlow's padding of even maps wherever the stride is 2."""
    layers = tuple(
        replace(layer, padding=BOTTOM_RIGHT)
        if layer.op in CONVOLUTIONS and layer.stride == 2
        else layer
        for layer in graph
    )
    return Graph(f"{graph.name}-bottom-right", layers, graph.outputs)


def normalised_by_keras(graph: Graph) -> Iterator[tuple[str, bytes]]:
    """(name, file) of `graph` behind each of Keras' layers that normalise a picture."""
    import keras
    import tensorflow as tf

    from dse.network.keras_model import build

    rng = np.random.default_rng(0)
    model = build(graph)
    model.set_weights([_random(rng, weight.shape) for weight in model.get_weights()])
    colours = {"mean": [123.7, 116.3, 103.5], "variance": [3411.0, 3260.0, 3295.0]}
    for name, layer in (
        ("rescaled", keras.layers.Rescaling(1 / 127.5, offset=-1)),
        ("normalised", keras.layers.Normalization(**colours)),
    ):
        picture = keras.Input(graph.input.shape)
        whole = keras.Model(picture, model(layer(picture)))
        with contextlib.redirect_stdout(io.StringIO()):  # a line for each weight
            content = tf.lite.TFLiteConverter.from_keras_model(whole).convert()
        yield f"{graph.name}-{name}", content


def _random(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Weights of which no two are equal: the compiler stores equal constants once."""
    if len(shape) == 1:
        return rng.uniform(0.5, 1.5, shape)
    return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)


def files(folder: Path, with_keras: bool) -> Iterator[str]:
    """Writes the networks that are no candidates; yields their paths."""
    written = []
    for name in PADDED_BY_TENSORFLOW:
        graph = bottom_right(detector_graph(Training.parse(name)))
        written.append((graph.name, random_tflite(graph, seed=0)))
    if with_keras:
        written += normalised_by_keras(detector_graph(Training.parse(PAPER)))
    for name, content in written:
        path = folder / f"{name}.tflite"
        path.write_bytes(content)
        yield str(path)


def measure(target: Target, with_keras: bool = True) -> list[dict[str, Any]]:
    """Rows of `dse check --compile`, each with what it needs beyond the paper's network."""
    with tempfile.TemporaryDirectory() as folder:
        names = [*CANDIDATES, *files(Path(folder), with_keras)]
        rows = check_rows(names, target)
        for name, row in zip(names, rows, strict=True):
            row["compiled"] = compiled_row(name, K210Target.own(target))
            row["candidate"] = Path(name).name.removesuffix(".tflite")
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Two lines a network: what is predicted, what is compiled."""
    cells = []
    for row in rows:
        for by, figures, base in (
            ("model", row, rows[0]),
            ("nncase", row["compiled"], rows[0]["compiled"]),
        ):
            sizes = [
                figures[f"{key}_bytes"] for key in ("data", "kmodel", "main_memory", "peak_kpu")
            ]
            more = None if sizes[2] is None else sizes[2] - base["main_memory_bytes"]
            told = ["-" if size is None else f"{size:,}" for size in sizes]
            verdict = " ".join(filter(None, (figures["verdict"], figures["reason"])))
            first = row["candidate"] if by == "model" else ""
            cells.append((first, by, verdict, *told, "-" if more is None else f"{more:+,}"))
    return format_table(COLUMNS, cells, left=("network", "by", "verdict"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", default="k210")
    parser.add_argument("--without-keras", action="store_true", help="no TensorFlow, 15 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    rows = measure(load_target(options.target), not options.without_keras)
    keep = ("candidate", "verdict", "reason", *COMPARED, "compiled")
    if options.json:
        print(json.dumps([{key: row[key] for key in keep} for row in rows], indent=1))
    else:
        print(table(rows))


if __name__ == "__main__":
    main()
