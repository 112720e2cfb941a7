"""The paper's figure 3: ranges of A98's layers over 100 pictures, and the bits they need.

Published (Narduzzi et al., arXiv 2208.11011, figure 3): the widest activations in layer 5, from
-242.14 to 155.91, most layers within 50; weights with mean 0.4583 and deviation 2.3385, most
within 8, those of layer 5 from -25 to 20.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dse.data import open_data
from dse.data.pictures import DataSet, Picture
from dse.designs.selection import job_of
from dse.files import write_whole
from dse.search import StudyRecord
from dse.space import Training

if TYPE_CHECKING:
    from dse.network.keras_ranges import KerasLayer

__all__ = ["Figure3", "integer_bits", "layer_rows", "measure_figure3", "summary", "write_csv"]

MODEL, WIDTH = ("A", 98), 1.0
PICTURES = 100
ACTIVATION_LIMIT, WEIGHT_LIMIT = 50.0, 8.0
"""Most of the paper's layers and weights lie within these."""


@dataclass(frozen=True)
class Figure3:
    """design: id of the training. layers: in Keras' order. weights: all kernels and biases, (n,).
    statistics: every number of batch normalisation, (m,). pictures: activations were seen on."""

    design: str
    layers: tuple[KerasLayer, ...]
    weights: NDArray[np.float32]
    statistics: NDArray[np.float32]
    pictures: int


def measure_figure3(record: StudyRecord, input_size: int) -> Figure3:
    """Measures A98 at alpha 1.0 as `record` trained it, on its evaluation pictures.

    Takes 100 of them at random, always the same. Raises WeightsError where the training left
    no network, DataError where no picture can be read.
    """
    from dse.evaluation import prepare
    from dse.network.detector import detector_graph
    from dse.network.keras_ranges import keras_ranges
    from dse.network.weight_formats import CONVOLVED
    from dse.workers.job import load_weights

    training = Training(*MODEL, WIDTH, input_size)
    weights = load_weights(record.path / "trainings" / training.id)
    pictures = prepare(_drawn(open_data(job_of(record).eval_data, "eval")), input_size)
    layers = keras_ranges(detector_graph(training), weights, pictures.canvases)
    kernels = [array.ravel() for name, array in weights.items() if name.endswith(CONVOLVED)]
    others = [array.ravel() for name, array in weights.items() if not name.endswith(CONVOLVED)]
    return Figure3(
        training.id, tuple(layers), np.concatenate(kernels), np.concatenate(others), len(pictures)
    )


def summary(figure: Figure3) -> list[str]:
    """The figure in words, beside the paper's."""
    widest = max(figure.layers, key=lambda layer: max(map(abs, layer.activations)))
    narrow = sum(max(map(abs, one.activations)) <= ACTIVATION_LIMIT for one in figure.layers)
    (fifth,) = [layer for layer in figure.layers if layer.index == 5]
    held = fifth.weights or (0.0, 0.0)
    every = np.concatenate([figure.weights, figure.statistics])
    return [
        f"widest activations: layer {widest.index} ({widest.name}), {_ends(widest.activations)}; "
        "published: layer 5, -242.14 to 155.91",
        f"layers within {ACTIVATION_LIMIT:g}: {narrow} of {len(figure.layers)}; published: most",
        f"kernels and biases: {_distribution(figure.weights)}",
        f"with batch normalisation: {_distribution(every)}; published: mean 0.4583, "
        f"deviation 2.3385, most within {WEIGHT_LIMIT:g}",
        f"weights of layer 5 ({fifth.name}): {_ends(held)}; published: -25 to 20",
    ]


def layer_rows(figure: Figure3) -> list[dict[str, Any]]:
    """A row a layer: index, layer, kind, and of weights and of activations the lowest, the
    highest and the bits before the point; None where a layer has no weights."""
    return [
        {
            "index": layer.index,
            "layer": layer.name,
            "kind": layer.kind,
            **_range_cells("weight", layer.weights),
            **_range_cells("activation", layer.activations),
        }
        for layer in figure.layers
    ]


def write_csv(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    """Writes what `layer_rows` gave."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue())
    return path


def integer_bits(low: float, high: float) -> int:
    """Bits before the point, sign included, of the shortest signed number that holds both ends.

    b bits hold -2^(b-1) .. 2^(b-1), the upper end excluded; a sign needs one bit.
    """
    bits = 1
    while not -(2.0 ** (bits - 1)) <= low <= high < 2.0 ** (bits - 1):
        bits += 1
    return bits


def _range_cells(prefix: str, ends: tuple[float, float] | None) -> dict[str, Any]:
    names = [f"{prefix}_{part}" for part in ("low", "high", "integer_bits")]
    return dict(zip(names, [*ends, integer_bits(*ends)] if ends else [None] * 3, strict=True))


def _drawn(data: DataSet) -> list[Picture]:
    count = min(PICTURES, len(data))
    chosen = np.random.default_rng(0).choice(len(data), count, replace=False)
    return [data.pictures[at] for at in np.sort(chosen)]


def _distribution(values: NDArray[np.float32]) -> str:
    within = float(np.mean(np.abs(values) <= WEIGHT_LIMIT))
    return (
        f"mean {values.mean():.4f}, deviation {values.std():.4f}, "
        f"{within:.1%} within {WEIGHT_LIMIT:g}"
    )


def _ends(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.2f} to {ends[1]:.2f}"
