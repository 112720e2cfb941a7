"""The epochs of a training: the layers behind lambda, on the features in front of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dse.network.detector import frozen_layers
from dse.space import Training
from dse.training.recipe import EpochReport
from dse.workers.training_job import Job, rendered_pictures

if TYPE_CHECKING:
    from dse.canvas import InputSize
    from dse.network.arrays import Weights
    from dse.network.graph import Graph
    from dse.training.features import Features

__all__ = ["fit"]

FINE_TUNING_SHARE = 0.05
"""Of the learning rate, for a network whose head is trained already."""


def fit(
    job: Job,
    training: Training,
    graph: Graph,
    folder: Path,
    report: Callable[[EpochReport], bool],
) -> tuple[Weights, list[EpochReport], bool]:
    """Trains the layers behind lambda on the features in front of it."""
    from dse.network.keras_model import boundary, build, get_weights, set_weights
    from dse.network.keras_starting_weights import load_starting_weights
    from dse.training.features import frozen_features
    from dse.training.head import start_heads
    from dse.training.trainer import FeatureBatches, train
    from dse.training.truth import Truth
    from dse.training.views import ViewSet

    recipe, size = job.recipe, training.input_size
    start = load_starting_weights(job.weights, training.width, training.breakpoint).weights
    edge = boundary(graph, frozen_layers(graph, training))
    pictures = rendered_pictures(job.data, "train", job.cache, recipe.pictures)
    views = ViewSet(pictures, size, recipe.views, recipe.seed)
    features = frozen_features(graph, edge, start, views, Path(job.cache))
    val_data = rendered_pictures(job.data, "val", job.cache, recipe.val_pictures)
    seen = ViewSet(val_data, size, 1, recipe.seed)
    val = frozen_features(graph, edge, start, seen, Path(job.cache))
    tail = build(graph, sources=edge)
    start_heads(tail, recipe.seed)
    set_weights(tail, start, partial=True)
    if "head/kernel" in start:
        recipe = replace(recipe, learning_rate=recipe.learning_rate * FINE_TUNING_SHARE)
    truth = Truth(features.faces, graph["head"].shape[:2], size)
    batches = FeatureBatches(features.tensors, truth, recipe.batch_size, recipe.seed, recipe.views)
    curve, stopped = train(
        tail, batches, recipe, folder / "checkpoint.npz", _validator(tail, val, size), report
    )
    kept = {name: start[name] for name in start if name.split("/")[0] in _variables(graph)}
    return {**kept, **get_weights(tail)}, curve, stopped


def _variables(graph: Graph) -> set[str]:
    """Names of the Keras layers of `graph` that own weights."""
    from dse.network.arrays import batch_norm_name

    return {name for layer in graph for name in (layer.name, batch_norm_name(layer.name))}


def _validator(tail: Any, features: Features, input_size: InputSize) -> Callable[[], float]:
    """Measures AP of `tail` on the validation features, on the canvas."""
    from dse.detection.average_precision import average_precision
    from dse.detection.decoding import decode_maps

    boxes, ignored = ([faces[i] for faces in features.faces] for i in (0, 1))
    tensors = [np.asarray(tensor, np.float32) for tensor in features.tensors]

    def validate() -> float:
        maps = tail.predict(tensors if len(tensors) > 1 else tensors[0], verbose=0)
        return average_precision(decode_maps(maps, input_size), boxes, ignored)

    return validate
