"""Training on frozen features against plain Keras training of the same candidate.

    python benchmarks/frozen_features.py [--training A63-a0.35-128] [--data synthetic:400]

Both start from the same weights and see the same views in the same order for the same number
of epochs; one computes the frozen layers once, the other in every epoch. Prints JSON: AP of
each on the validation pictures, largest difference of their output maps, seconds, ratio.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from time import perf_counter

import keras
import numpy as np

from dse.data.rendered import open_rendered
from dse.data.sources import Split
from dse.detection.average_precision import average_precision
from dse.detection.decoding import decode_maps
from dse.network.arrays import Weights, normalised
from dse.network.detector import detector_graph, frozen_layers
from dse.network.keras_model import boundary, build, get_weights, set_weights
from dse.network.keras_starting_weights import load_starting_weights
from dse.space import Training
from dse.training import Recipe
from dse.training.features import frozen_features
from dse.training.head import start_heads
from dse.training.trainer import FeatureBatches, train
from dse.training.truth import Truth
from dse.training.views import ViewSet

SPLITS: tuple[Split, Split] = ("train", "val")


def main() -> None:
    """Trains the candidate both ways and prints the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", default="A63-a0.35-128")
    parser.add_argument("--data", default="synthetic:400")
    parser.add_argument("--pictures", type=int, help="at most so many, spread over the data")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--weights", default="shipped")
    options = parser.parse_args()
    training = Training.parse(options.training)
    graph = detector_graph(training)
    frozen = frozen_layers(graph, training)
    start = load_starting_weights(options.weights, training.width, training.breakpoint).weights
    recipe = Recipe(epochs=options.epochs, views=2)
    with tempfile.TemporaryDirectory() as cache:
        data, held = (
            open_rendered(options.data, split, Path(cache), limit=options.pictures)
            for split in SPLITS
        )
        views = ViewSet(data, training.input_size, recipe.views, recipe.seed)
        val = ViewSet(held, training.input_size, 1, recipe.seed)
        list(views.iterate()), list(val.iterate())  # render before anything is timed

        began = perf_counter()
        edge = boundary(graph, frozen)
        features = frozen_features(graph, edge, start, views, Path(cache))
        once = perf_counter() - began
        tail = _started(build(graph, sources=edge), start)
        truth = Truth(features.labels, graph["head"].shape[:2], training.input_size)
        _fit(
            tail,
            FeatureBatches(features.tensors, truth, recipe.batch_size, recipe.seed, recipe.views),
            recipe,
            cache,
        )
        on_features = perf_counter() - began

        began = perf_counter()
        whole = _started(build(graph, frozen=frozen), start)
        shown = list(views.iterate())
        canvases = normalised(np.stack([view.canvas for view in shown]))
        truth = Truth(
            [(v.boxes, v.ignored, v.classes) for v in shown],
            graph["head"].shape[:2],
            training.input_size,
        )
        _fit(
            whole,
            FeatureBatches((canvases,), truth, recipe.batch_size, recipe.seed, recipe.views),
            recipe,
            cache,
        )
        plain = perf_counter() - began

        joined = build(graph)
        set_weights(joined, {**start, **get_weights(tail)})
        seen = list(val.iterate())
        pictures = normalised(np.stack([view.canvas for view in seen]))
        maps = [model.predict(pictures, verbose=0) for model in (joined, whole)]
    aps = [
        average_precision(
            decode_maps(found, training.input_size),
            [view.boxes for view in seen],
            [view.ignored for view in seen],
        )
        for found in maps
    ]
    result = {
        "training": training.id,
        "data": options.data,
        "views": len(views),
        "epochs": recipe.epochs,
        "ap_on_features": round(aps[0], 4),
        "ap_plain": round(aps[1], 4),
        "ap_difference": round(aps[0] - aps[1], 4),
        "map_correlation": round(float(np.corrcoef(maps[0].ravel(), maps[1].ravel())[0, 1]), 5),
        "seconds_features_once": round(once, 1),
        "seconds_training_on_them": round(on_features - once, 1),
        "seconds_plain": round(plain, 1),
        "time_ratio_first_training": round(plain / on_features, 2),
        "time_ratio_each_further_training": round(plain / (on_features - once), 2),
    }
    print(json.dumps(result, indent=1))


def _started(model: keras.Model, start: Weights) -> keras.Model:
    set_weights(model, start, partial=True)
    start_heads(model, 0)
    return model


def _fit(model: keras.Model, batches: FeatureBatches, recipe: Recipe, cache: str) -> None:
    checkpoint = Path(cache) / f"{model.name}-{id(model)}.npz"
    train(model, batches, recipe, checkpoint, lambda: float("nan"), lambda epoch: True)


if __name__ == "__main__":
    main()
