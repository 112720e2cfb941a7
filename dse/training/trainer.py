"""The training loop: epochs, their validation, and checkpoints that survive a kill."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.errors import Diverged
from dse.network.keras_model import get_weights, set_weights
from dse.network.keras_startup import keras
from dse.network.weights_file import DAMAGED, read_arrays, write_weights
from dse.training.loss import LOSSES
from dse.training.recipe import EpochReport, Recipe
from dse.training.truth import Truth

__all__ = ["Batches", "FeatureBatches", "train"]

WARM_UP_SHARE = 0.05
"""Of all steps, in which the learning rate rises from a tenth."""

CLIP_NORM = 10.0
WEIGHT_DECAY = 1e-3
EMA_MOMENTUM = 0.998
"""Half of the average is from the last 350 steps."""

PREFETCHING_THREADS = 2
"""With one, Keras makes each batch only when the step before it has ended."""


Loss = Callable[[Any, Any], Any]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Shuffled batches; their order depends on seed and epoch alone. A rest is left out."""

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        super().__init__(workers=PREFETCHING_THREADS)
        self._count, self._batch_size, self._seed = count, min(batch_size, count), seed
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Shuffles for `epoch`."""
        self.epoch = epoch
        self._order = np.random.default_rng((self._seed, epoch)).permutation(self._count)

    def __len__(self) -> int:
        return self._count // self._batch_size

    def chosen(self, step: int) -> NDArray[np.int64]:
        """Numbers of the examples in batch `step`, ascending: neighbouring rows of a
        memory-mapped file are read together."""
        return np.sort(self._order[step * self._batch_size : (step + 1) * self._batch_size])


class FeatureBatches(Batches):
    """Batches of (features, truth) from arrays that hold every view of every picture.

    An epoch shows each picture once, in one of its `views`, which lie side by side.
    """

    def __init__(
        self,
        tensors: Sequence[NDArray[Any]],
        truth: Truth,
        batch_size: int,
        seed: int,
        views: int = 1,
    ) -> None:
        self._tensors, self._truth, self._views = tensors, truth, views
        super().__init__(len(truth) // views, batch_size, seed)

    def begin(self, epoch: int) -> None:
        """Shuffles for `epoch`, and picks a view of each picture."""
        super().begin(epoch)
        version = np.random.default_rng((self._seed, epoch, 1)).integers(
            self._views, size=self._count
        )
        self._order = self._order * self._views + version[self._order]

    def __getitem__(self, step: int) -> tuple[Any, NDArray[np.float32]]:
        chosen = self.chosen(step)
        tensors = tuple(tensor[chosen].astype(np.float32) for tensor in self._tensors)
        return (tensors[0] if len(tensors) == 1 else tensors), self._truth.dense(chosen)


class AveragingAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW whose moving average of the weights takes effect when it is told to.

    Keras' own does so at the end of every `fit`, which is each epoch here: training would go on
    from the average, and crawl.
    """

    def finalize_variable_values(self, var_list: list[Any]) -> None:
        """Leaves the weights as they are."""

    def settle(self, variables: list[Any]) -> None:
        """Puts the moving averages into `variables`."""
        super().finalize_variable_values(variables)


def train(
    model: keras.Model,
    batches: Batches,
    recipe: Recipe,
    checkpoint: Path,
    validate: Callable[[], float],
    report: Callable[[EpochReport], bool],
    *,
    loss: Loss | None = None,
    averaged: bool = False,
) -> tuple[list[EpochReport], bool]:
    """Trains `model` and returns its curve, and whether `report` stopped it (returned False).

    checkpoint: file written after each epoch; where it exists already, training goes on from
    there, and `report` is told of the finished epochs first.
    validate: AP of the model as it stands, on the validation pictures.
    loss: instead of the recipe's. averaged: decay the weights, and end with their moving
    average (Polyak and Juditsky 1992), for trainings of thousands of steps.

    Raises Diverged after an epoch whose loss or weights are no numbers; the checkpoint stays
    that of the epoch before.
    """
    _compile(model, batches, recipe, loss, averaged)
    curve = _restore(model, checkpoint)
    if not all([report(past) for past in curve]):
        return curve, len(curve) < recipe.epochs
    before = curve[-1].seconds if curve else 0.0
    started = perf_counter()
    for epoch in range(len(curve), recipe.epochs):
        batches.begin(epoch)
        history = model.fit(batches, epochs=1, verbose=0, shuffle=False)
        now = before + perf_counter() - started
        mean_loss = float(history.history["loss"][0])
        _check_finite(model, mean_loss, epoch + 1)
        curve.append(EpochReport(epoch + 1, recipe.epochs, mean_loss, validate(), now))
        _save(model, checkpoint, curve)
        if not report(curve[-1]) and epoch + 1 < recipe.epochs:
            return curve, True
    if averaged:
        model.optimizer.settle(model.trainable_variables)
    return curve, False


def _compile(
    model: keras.Model, batches: Batches, recipe: Recipe, loss: Loss | None, averaged: bool
) -> None:
    steps = len(batches) * recipe.epochs
    warm_up = max(1, int(steps * WARM_UP_SHARE))
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10,
        max(1, steps - warm_up),
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.Adam(schedule, global_clipnorm=CLIP_NORM)
    if averaged:
        optimizer = AveragingAdamW(
            schedule,
            weight_decay=WEIGHT_DECAY,
            global_clipnorm=CLIP_NORM,
            use_ema=True,
            ema_momentum=EMA_MOMENTUM,
        )
    optimizer.build(model.trainable_variables)
    on_jax = keras.backend.backend() == "jax"  # where nothing else compiles
    model.compile(optimizer=optimizer, loss=loss or LOSSES[recipe.loss], jit_compile=on_jax)
    if on_jax:
        # builds the loss; left to the first `fit`, that takes batches, which are then shown last
        model.test_on_batch(*batches[0])


def _check_finite(model: keras.Model, mean_loss: float, epoch: int) -> None:
    """The weights tell what the loss cannot: what the epoch's last step did."""
    weights = get_weights(model).values()
    if not math.isfinite(mean_loss) or not all(np.isfinite(value).all() for value in weights):
        raise Diverged(
            f"the training diverged: after epoch {epoch} its loss or weights are no numbers",
            "a smaller learning rate or another seed may do",
        )


def _save(model: keras.Model, path: Path, curve: list[EpochReport]) -> None:
    """Weights, optimizer state and curve, in one file that is either old or new, never half."""
    state = {f"weight/{name}": value for name, value in get_weights(model).items()}
    for number, variable in enumerate(model.optimizer.variables):
        state[f"optimizer/{number}"] = variable.numpy()
    state["curve"] = np.array(json.dumps([asdict(epoch) for epoch in curve]))
    write_weights(path, state)


def _restore(model: keras.Model, path: Path) -> list[EpochReport]:
    """Puts the checkpoint into `model` and returns its curve; empty where none can be used."""
    if not path.exists():
        return []
    try:
        state = read_arrays(path)
    except DAMAGED:
        return []  # a damaged checkpoint costs its epochs, not the study
    set_weights(model, {k[7:]: v for k, v in state.items() if k.startswith("weight/")})
    for number, variable in enumerate(model.optimizer.variables):
        variable.assign(state[f"optimizer/{number}"])
    return [EpochReport(**epoch) for epoch in json.loads(str(state["curve"]))]
