"""The same training in bfloat16 and in float32: seconds of its steps, and AP.

    python benchmarks/training_precision.py [--training P3-a1-256] [--data synthetic:400]

Both start from the same weights and see the same views in the same order. Prints JSON: for each
precision processor seconds of all steps and AP on the validation pictures, and the ratio of the
seconds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from time import process_time

import numpy as np

from dse.data.rendered import draw_missing, open_rendered
from dse.detection.average_precision import average_precision
from dse.detection.decoding import decode_maps
from dse.network.detector import detector_graph, frozen_layers
from dse.network.keras_model import FLOAT32, HALF, boundary, build, set_weights
from dse.network.keras_starting_weights import load_starting_weights
from dse.space import Training
from dse.training.features import Features, frozen_features
from dse.training.head import start_heads
from dse.training.recipe import Recipe
from dse.training.trainer import FeatureBatches, train
from dse.training.truth import Truth
from dse.training.views import ViewSet


def main() -> None:
    """Trains twice and prints the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", default="P3-a1-256")
    parser.add_argument("--data", default="synthetic:400")
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    training, recipe = Training.parse(options.training), Recipe(epochs=options.epochs)
    graph = detector_graph(training)
    start = load_starting_weights("shipped", training.width, training.breakpoint).weights
    edge = boundary(graph, frozen_layers(graph, training))
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        pictures, held = (open_rendered(options.data, part, cache) for part in ("train", "val"))
        draw_missing(pictures)
        draw_missing(held)
        views = ViewSet(pictures, training.input_size, recipe.views, recipe.seed)
        features = frozen_features(graph, edge, start, views, cache)
        seen = ViewSet(held, training.input_size, 1, recipe.seed)
        val = frozen_features(graph, edge, start, seen, cache)
        result = {}
        for precision in (HALF, FLOAT32):
            tail = build(graph, sources=edge, precision=precision)
            start_heads(tail, recipe.seed)
            set_weights(tail, start, partial=True)
            truth = Truth(features.labels, graph["head"].shape[:2], training.input_size)
            views_of = (recipe.batch_size, recipe.seed, recipe.views)
            batches = FeatureBatches(features.tensors, truth, *views_of)
            began = process_time()
            train(tail, batches, recipe, cache / precision, lambda: float("nan"), lambda _: True)
            result[precision] = {"seconds": process_time() - began, "ap": _ap(tail, val, training)}
    ratio = result[FLOAT32]["seconds"] / result[HALF]["seconds"]
    print(json.dumps({"training": training.id, "data": options.data, **result, "ratio": ratio}))


def _ap(tail: object, val: Features, training: Training) -> float:
    tensors = [np.asarray(tensor, np.float32) for tensor in val.tensors]
    maps = tail.predict(tensors[0], verbose=0)  # type: ignore[attr-defined]
    found = decode_maps(maps, training.input_size)
    boxes = [boxes for boxes, _, _ in val.labels]
    return average_precision(found, boxes, [ignored for _, ignored, _ in val.labels])


if __name__ == "__main__":
    main()
