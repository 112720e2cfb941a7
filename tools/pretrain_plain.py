"""Trains the plain detectors that the package ships, backbone and head.

    python -m tools.pretrain_plain --design P5-a1-256 --epochs 26 --learning-rate 3e-3 \\
        --data wider:DIR --teacher A63-a0.5-256=weights.npz --out FILE.npz
    python -m tools.pretrain_plain --design P5-a1.5-256 --epochs 18 --learning-rate 1e-3 \\
        --data wider:DIR --start P5-a1-256=FILE.npz --out OTHER.npz

From nothing, each convolution trains as several branches (`branches`) with a finished
detector as its teacher. From a plain detector of this or another width, it trains as it is, in
bfloat16. Every picture is seen anew in every epoch, one in seven in a mosaic with three others;
the weights at the end are a moving average. They are stored in half precision.
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
from dse.data.pictures import DataSet
from dse.detection.head import FACE_HEAD
from dse.errors import UsageError
from dse.evaluation import evaluate
from dse.network.arrays import Weights
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.network.keras_inference import predictor
from dse.network.keras_model import build, get_weights, set_weights
from dse.network.keras_startup import keras
from dse.network.resizing import resized
from dse.network.weights_file import read_weights
from dse.space import Training
from dse.training.augmentation import View
from dse.training.head import start_heads
from dse.training.loss import focal_loss
from dse.training.recipe import Recipe
from dse.training.trainer import train
from tools.branches import branched, merged
from tools.distillation import distilled_loss
from tools.pretrain import Example, PictureBatches, print_epoch, save_half
from tools.worn_views import mosaic_view, zoomed_view

__all__ = ["DetectorBatches", "main"]

MOSAIC_SHARE = 0.15


class DetectorBatches(PictureBatches):
    """Zoomed views and mosaics; the teacher's scores follow the truth, if there is one.

    teacher: a model of normalised pictures (n, size, size, 3) -> map (n, h, w, channels).
    """

    def __init__(
        self,
        pictures: Sequence[Example],
        graph: Graph,
        recipe: Recipe,
        teacher: keras.Model | None = None,
    ) -> None:
        super().__init__(pictures, graph, recipe.batch_size, recipe.seed)
        self._teacher = teacher

    def __getitem__(self, step: int) -> tuple[NDArray[np.float32], Any]:
        pictures, (truth,) = super().__getitem__(step)
        if self._teacher:
            maps = np.asarray(self._teacher.predict_on_batch(pictures), np.float32)
            truth = np.concatenate([truth, FACE_HEAD.split(maps).scores], axis=-1)
        return pictures, truth

    def view(self, index: int, rng: np.random.Generator) -> View:
        """A random view of picture `index`, or a mosaic with three others."""
        if rng.random() >= MOSAIC_SHARE:
            picture, pixels = self._pictures[index]
            return zoomed_view(pixels, picture, self._size, rng)
        others = rng.integers(len(self._pictures), size=3)
        four = [self._pictures[number] for number in (index, *others)]
        return mosaic_view([(pixels, picture) for picture, pixels in four], self._size, rng)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: see the module's docstring."""
    options = _options(arguments)
    training = Training.parse(options.design)
    graph = detector_graph(training)
    model = _model(graph, options)
    teacher = _teacher(options.teacher) if options.teacher else None
    sets = [open_data(spec, "train") for spec in options.data]
    pictures = [item for data in sets for item in load_all(data)]
    print(f"{len(pictures)} pictures", file=sys.stderr, flush=True)
    recipe = replace(
        Recipe(), epochs=options.epochs, learning_rate=options.learning_rate, seed=options.seed
    )
    checkpoint = options.out.with_suffix(".checkpoint.npz")
    curve, _ = train(
        model,
        DetectorBatches(pictures, graph, recipe, teacher),
        recipe,
        checkpoint,
        lambda: float("nan"),
        print_epoch,
        loss=distilled_loss if teacher else focal_loss,
        averaged=True,
    )
    weights = get_weights(model)
    if not options.start:
        weights = merged(graph, weights)
    save_half(options.out, weights)
    checkpoint.unlink()
    settings = {name: str(value) for name, value in vars(options).items() if value is not None}
    settings["loss"] = f"{curve[-1].loss:.4f}"
    settings["val_ap"] = f"{_val_ap(graph, weights, open_data(options.data[0], 'val')):.4f}"
    print(json.dumps(settings))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--design", required=True)
    parser.add_argument("--start", metavar="DESIGN=FILE", help="a plain detector to go on from")
    parser.add_argument("--teacher", metavar="DESIGN=FILE", help="a finished detector")
    parser.add_argument("--epochs", type=int, default=26)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--data", action="append", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args(arguments)


def _model(graph: Graph, options: argparse.Namespace) -> keras.Model:
    """The network to train, with its weights."""
    keras.utils.set_random_seed(options.seed)
    if not options.start:
        model = branched(graph)
        start_heads(model, options.seed)
        return model
    source, weights = _named(options.start)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = build(graph)
    set_weights(model, resized(weights, source, graph, options.seed))
    return model


def _teacher(named: str) -> keras.Model:
    graph, weights = _named(named)
    model = build(graph)
    set_weights(model, weights)
    model.trainable = False
    return model


def _named(text: str) -> tuple[Graph, Weights]:
    """The network and weights of "DESIGN=FILE"."""
    design, separator, file = text.partition("=")
    hint = "give DESIGN=FILE, such as P5-a1-256=w.npz"
    if not separator or not Path(file).is_file():
        raise UsageError(f"'{text}' names no weights", hint)
    return detector_graph(Training.parse(design)), read_weights(Path(file), hint)


def _val_ap(graph: Graph, weights: Weights, data: DataSet) -> float:
    return evaluate(predictor(graph, weights), graph.input.shape[0], data).ap


if __name__ == "__main__":
    main()
