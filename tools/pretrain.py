"""Trains the backbones that the package ships, as face detectors with a head on A and on B.

    python -m tools.pretrain --width 0.5 --input-size 192 --epochs 8 \\
        --weights-dir DIR --data wider:DIR --data synthetic:600 --out FILE.npz

Every layer trains, on a new random view of every picture in every epoch; the heads are thrown
away. The file holds the backbone in half precision, with the settings that made it beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.data import load_all, open_data
from dse.data.pictures import Picture
from dse.files import whole_file
from dse.network.arrays import Weights, normalised
from dse.network.detector import head_layer
from dse.network.graph import Graph
from dse.network.keras_model import build, get_weights, set_weights
from dse.network.keras_starting_weights import load_starting_weights
from dse.network.mobilenetv2 import COARSE, FINE, backbone_graph
from dse.training.augmentation import View, augmented_view
from dse.training.head import start_heads
from dse.training.recipe import EpochReport, Recipe
from dse.training.trainer import Batches, train
from dse.training.truth import Truth

__all__ = ["Example", "PictureBatches", "main", "print_epoch", "save_half", "two_headed_graph"]

BATCH_NORM_MOMENTUM = 0.97

Example = tuple[Picture, NDArray[np.uint8]]
"""A picture's labels and its pixels (h, w, 3)."""


def two_headed_graph(width: float, input_size: int) -> Graph:
    """The whole backbone with one detection head on breakpoint A and one on B."""
    backbone = backbone_graph(width, input_size, input_size)
    heads = [
        head_layer(f"head_{breakpoint}", backbone[source])
        for breakpoint, source in (("A", FINE), ("B", COARSE))
    ]
    names = tuple(head.name for head in heads)
    return Graph(f"{backbone.name}-{input_size}-heads", (*backbone.layers, *heads), names)


class PictureBatches(Batches):
    """Batches of views that are new in every epoch, with one truth for each head."""

    def __init__(
        self,
        pictures: Sequence[Example],
        graph: Graph,
        batch_size: int,
        seed: int,
    ) -> None:
        super().__init__(len(pictures), batch_size, seed)
        self._pictures, self._view_seed = pictures, seed
        self._size = graph.input.shape[0]
        self._maps = [graph[name].shape[:2] for name in graph.outputs]

    def __getitem__(self, step: int) -> tuple[NDArray[np.float32], Any]:
        views = [self._seen(index) for index in self.chosen(step)]
        faces = [(view.boxes, view.ignored, view.classes) for view in views]
        every = np.arange(len(views))
        truths = tuple(Truth(faces, shape, self._size).dense(every) for shape in self._maps)
        return normalised(np.stack([view.canvas for view in views])), truths

    def _seen(self, index: int) -> View:
        rng = np.random.default_rng((self._view_seed, self.epoch, index))
        return self.view(index, rng)

    def view(self, index: int, rng: np.random.Generator) -> View:
        """A random view of picture `index`."""
        picture, pixels = self._pictures[index]
        return augmented_view(pixels, picture, self._size, rng)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--width", type=float, required=True)
    parser.add_argument("--input-size", type=int, default=192)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--weights-dir", required=True)
    parser.add_argument("--data", action="append", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    graph = two_headed_graph(options.width, options.input_size)
    model = build(graph, batch_norm_momentum=BATCH_NORM_MOMENTUM)
    start = load_starting_weights(f"dir:{options.weights_dir}", options.width)
    set_weights(model, start.weights, partial=True)
    start_heads(model, options.seed)
    pictures = [item for spec in options.data for item in load_all(open_data(spec, "train"))]
    print(f"{len(pictures)} pictures; start: {start.source}", file=sys.stderr, flush=True)
    recipe = replace(
        Recipe(), epochs=options.epochs, learning_rate=options.learning_rate, seed=options.seed
    )
    batches = PictureBatches(pictures, graph, recipe.batch_size, recipe.seed)
    checkpoint = options.out.with_suffix(".checkpoint.npz")
    curve, _ = train(model, batches, recipe, checkpoint, lambda: float("nan"), print_epoch)
    kept = {n: v for n, v in get_weights(model).items() if not n.startswith("head_")}
    save_half(options.out, kept)
    checkpoint.unlink()
    settings = {k: str(v) for k, v in vars(options).items() if k not in ("weights_dir", "out")}
    settings["loss"] = f"{curve[-1].loss:.4f}"
    print(json.dumps(settings))


def save_half(path: Path, weights: Weights) -> None:
    """Writes `weights` in half precision."""
    half = {name: value.astype(np.float16) for name, value in weights.items()}
    with whole_file(path) as file:
        np.savez_compressed(file, allow_pickle=False, **half)


def print_epoch(epoch: EpochReport) -> bool:
    """Reports on stderr; never stops the training."""
    line = f"epoch {epoch.epoch}/{epoch.epochs} loss {epoch.loss:.4f} {epoch.seconds:.0f} s"
    print(line, file=sys.stderr, flush=True)
    return True


if __name__ == "__main__":
    main()
