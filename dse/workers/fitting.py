"""The epochs of a training: the layers behind lambda, on the features in front of it, or on
views made anew where those would not be worth storing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dse.detection.head import FACE_HEAD, Head
from dse.network.detector import frozen_layers
from dse.space import Training
from dse.training.changes import changes_for
from dse.training.recipe import EpochReport, Recipe
from dse.workers.training_job import Job, rendered_pictures

if TYPE_CHECKING:
    from dse.canvas import InputSize
    from dse.data.pictures import DataSet
    from dse.network.arrays import Weights
    from dse.network.graph import Graph
    from dse.training.features import Features

__all__ = ["fit"]

FINE_TUNING_SHARE = 0.05
"""Of the learning rate, for a network whose head is trained already."""

REFITTING_SHARE = 0.25
"""The same for one whose head was trained for other boxes."""

WHOLE_SHARE = 0.5
"""The same for one with a new head of which almost everything is trained: at the full rate, without
batch normalisation, one set of four was not learnt at all (docs/heads.md)."""


def fit(
    job: Job,
    training: Training,
    graph: Graph,
    folder: Path,
    report: Callable[[EpochReport], bool],
) -> tuple[Weights, list[EpochReport], bool]:
    """Trains the layers behind lambda on the features in front of it; where those are not worth
    storing, on views made anew in each epoch."""
    from dse.network.keras_model import (
        boundary,
        build,
        get_weights,
        set_weights,
        training_precision,
    )
    from dse.network.keras_starting_weights import load_starting_weights
    from dse.training.features import are_worth_storing, frozen_features
    from dse.training.fresh_views import FreshViews
    from dse.training.head import start_heads
    from dse.training.loss import loss_of
    from dse.training.trainer import Batches, FeatureBatches, train
    from dse.training.truth import Truth
    from dse.training.views import ViewSet

    recipe, size, head = job.recipe, training.input_size, job.head(training)
    map_shape = graph["head"].shape[:2]
    loaded = load_starting_weights(job.weights, training.width, training.breakpoint).weights
    start = _for_head(loaded, head, size, map_shape)
    frozen = frozen_layers(graph, training)
    is_stored = are_worth_storing(graph, frozen)
    edge = boundary(graph, frozen) if is_stored else (graph.input.name,)
    pictures = rendered_pictures(job.data, "train", job.cache, recipe.pictures)
    changes = changes_for(head.classes, recipe.mirror)
    views = ViewSet(pictures, size, recipe.views, recipe.seed, changes)
    val_data = rendered_pictures(job.data, "val", job.cache, recipe.val_pictures)
    seen = ViewSet(val_data, size, 1, recipe.seed)
    val = frozen_features(graph, edge, start, seen, Path(job.cache))
    tail = build(graph, sources=edge, frozen=frozen, precision=training_precision(graph))
    start_heads(tail, recipe.seed, head)
    set_weights(tail, start, partial=True)
    share = _share(head, "head/kernel" in start, is_stored)
    recipe = replace(recipe, learning_rate=recipe.learning_rate * share)
    batches: Batches = FreshViews(views, map_shape, head, recipe.batch_size, recipe.seed)
    if is_stored:
        features = frozen_features(graph, edge, start, views, Path(job.cache))
        truth = Truth(features.labels, map_shape, size, head)
        batches = FeatureBatches(
            features.tensors, truth, recipe.batch_size, recipe.seed, recipe.views
        )
    curve, stopped = train(
        tail, batches, recipe, folder / "checkpoint.npz", _validator(tail, val, size, head),
        report, loss=loss_of(recipe.loss, head, _class_weights(pictures, head, recipe)),
    )  # fmt: skip
    kept = {name: start[name] for name in start if name.split("/")[0] in _variables(graph)}
    return {**kept, **get_weights(tail)}, curve, stopped


def _variables(graph: Graph) -> set[str]:
    """Names of the Keras layers of `graph` that own weights."""
    from dse.network.arrays import batch_norm_name

    return {name for layer in graph for name in (layer.name, batch_norm_name(layer.name))}


def _share(head: Head, is_trained: bool, is_stored: bool) -> float:
    """Of the learning rate, for a head that `is_trained` already, or not."""
    if is_trained:
        return FINE_TUNING_SHARE if head == FACE_HEAD else REFITTING_SHARE
    return 1.0 if is_stored else WHOLE_SHARE


def _for_head(weights: Weights, head: Head, size: InputSize, map_shape: tuple[int, int]) -> Weights:
    """`weights` as `head` may start from: a face head serves other boxes for faces, too; one for
    other things is learnt anew."""
    from dse.training.inherited_head import with_head

    if head == FACE_HEAD or "head/kernel" not in weights:
        return weights
    if head.classes == FACE_HEAD.classes:
        return with_head(weights, FACE_HEAD, head, size, map_shape)
    return {name: value for name, value in weights.items() if not name.startswith("head")}


def _class_weights(pictures: DataSet, head: Head, recipe: Recipe) -> Any:
    """What an object of each class counts, by how many there are."""
    from dse.training.loss import class_weights

    every = np.concatenate([picture.classes for picture in pictures.pictures])
    return class_weights(np.bincount(every, minlength=len(head.classes)).tolist(), recipe.balance)


def _validator(
    tail: Any, features: Features, input_size: InputSize, head: Head
) -> Callable[[], float]:
    """Measures AP of `tail` on the validation features, on the canvas: the mean of the classes
    that are on them."""
    from dse.detection.average_precision import average_precision
    from dse.detection.decoding import decode_maps

    labels = features.labels
    ignored = [lost for _, lost, _ in labels]
    tensors = [np.asarray(tensor, np.float32) for tensor in features.tensors]
    seen = np.unique(np.concatenate([classes for _, _, classes in labels])).tolist()

    def validate() -> float:
        maps = tail.predict(tensors if len(tensors) > 1 else tensors[0], verbose=0)
        found = decode_maps(maps, input_size, head=head)
        return float(np.mean([
            average_precision(
                [one[one.classes == number] for one in found],
                [boxes[classes == number] for boxes, _, classes in labels],
                ignored,
            )
            for number in seen or [0]  # where nothing is to be found, the error is the reader's
        ]))  # fmt: skip

    return validate
