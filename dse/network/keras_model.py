"""Layer graph -> Keras model, and weights as plain arrays.

One builder serves every use: the whole network, the frozen part alone, or the trained part
alone. Layer names are those of `keras.applications.MobileNetV2`, so that weights move
between models by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dse.errors import UnknownName, WeightsError
from dse.machine_code import multiplies_bfloat16
from dse.network.arrays import Weights, batch_norm_name
from dse.network.graph import Graph, Layer
from dse.network.keras_startup import keras

__all__ = [
    "FLOAT32",
    "HALF",
    "boundary",
    "build",
    "get_weights",
    "set_weights",
    "training_precision",
]

kl = keras.layers

BATCH_NORM_EPSILON = 1e-3
"""As in `keras.applications.MobileNetV2`."""

FLOAT32 = "float32"
HALF = "mixed_bfloat16"
"""Weights in float32, what flows between layers in bfloat16."""


def build(
    graph: Graph,
    sources: Sequence[str] = (),
    targets: Sequence[str] = (),
    *,
    batch_norm_momentum: float = 0.9,
    frozen: Iterable[str] = (),
    precision: str = FLOAT32,
) -> keras.Model:
    """The part of `graph` that leads from `sources` to `targets`, as a functional model.

    sources: layers whose outputs are fed in (default: the picture, (h, w, 3) in [-1, 1]).
    targets: layers whose outputs are returned (default: the graph's outputs).
    frozen: layers whose weights do not train and whose batch statistics do not move.
    precision: Keras' name of what is computed in; the graph's outputs always are float32.
    Moving averages with Keras' momentum of 0.999 lag behind in short trainings; 0.9 follows.
    """
    sources = tuple(sources) or (graph.input.name,)
    targets = tuple(targets) or graph.outputs
    frozen = frozenset(frozen)
    inputs = [keras.Input(graph[name].shape, name=f"in_{name}") for name in sources]
    tensors = dict(zip(sources, inputs, strict=True))
    needed = _between(graph, sources, targets)
    for layer in graph:
        if layer.name in needed:
            read = [tensors[name] for name in layer.inputs]
            made = _Made(
                batch_norm_momentum,
                trainable=layer.name not in frozen,
                precision=FLOAT32 if layer.name in graph.outputs else precision,
            )
            tensors[layer.name] = _BUILDERS[layer.op](layer, read, made)
    outputs = [tensors[name] for name in targets]
    return keras.Model(_bare(inputs), _bare(outputs), name=_legal(graph.name))


def boundary(graph: Graph, frozen: frozenset[str]) -> tuple[str, ...]:
    """Frozen layers whose output a trained layer reads: what training on features needs."""
    return tuple(
        layer.name
        for layer in graph
        if layer.name in frozen and any(r not in frozen for r in graph.consumers[layer.name])
    )


def training_precision(graph: Graph) -> str:
    """What `graph` is trained in, by Keras' name: bfloat16 where the processor multiplies that,
    which is 1.6 times as fast (`benchmarks/training_precision.py`), unless batches are normalised,
    whose variances it would round away."""
    normalised = any(layer.batch_norm for layer in graph)
    return HALF if multiplies_bfloat16() and not normalised else FLOAT32


def get_weights(model: keras.Model) -> Weights:
    """Every weight of `model`, batch statistics included."""
    return {weight.path: np.asarray(weight.numpy(), np.float32) for weight in model.weights}


def set_weights(model: keras.Model, weights: Weights, *, partial: bool = False) -> None:
    """Copies `weights` into `model` by name; names that the model lacks are passed over.

    partial: leave weights that `weights` does not hold as they are.
    Raises WeightsError where one is missing or has another shape.
    """
    for variable in model.weights:
        value = weights.get(variable.path)
        if value is None:
            if partial:
                continue
            raise WeightsError(
                f"weight '{variable.path}' is missing", "these weights are of another network"
            )
        if tuple(value.shape) != tuple(variable.shape):
            raise WeightsError(
                f"weight '{variable.path}' has shape {value.shape}, not {tuple(variable.shape)}",
                "these weights are of another width or breakpoint",
            )
        variable.assign(value)


def _between(graph: Graph, sources: Sequence[str], targets: Sequence[str]) -> set[str]:
    """Names of the layers to compute: those that `targets` need, back to `sources`."""
    needed: set[str] = set()
    pending = [name for name in targets if name not in sources]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += [before for before in graph[name].inputs if before not in sources]
    return needed


class _Made(NamedTuple):
    """How the Keras layers of a graph's layer are made."""

    batch_norm_momentum: float
    trainable: bool
    precision: str


def _convolution(layer: Layer, read: list[Any], made: _Made) -> Any:
    """Padding, convolution, batch normalisation and activation, each a Keras layer."""
    tensor = read[0]
    same = layer.stride == 1 and any(layer.padding)
    if any(layer.padding) and not same:
        top, bottom, left, right = layer.padding
        pad = ((top, bottom), (left, right))
        tensor = kl.ZeroPadding2D(pad, name=f"{layer.name}_pad", dtype=made.precision)(tensor)
    common = {
        "kernel_size": layer.kernel,
        "strides": layer.stride,
        "padding": "same" if same else "valid",
        "use_bias": layer.bias,
        "name": layer.name,
        "trainable": made.trainable,
        "dtype": made.precision,
    }
    if layer.op == "depthwise":
        tensor = kl.DepthwiseConv2D(**common)(tensor)
    else:
        tensor = kl.Conv2D(layer.shape[2], **common)(tensor)
    if layer.batch_norm:
        tensor = kl.BatchNormalization(
            epsilon=BATCH_NORM_EPSILON,
            momentum=made.batch_norm_momentum,
            name=batch_norm_name(layer.name),
            trainable=made.trainable,
            dtype=made.precision,
        )(tensor)
    if layer.activation == "relu6":
        return kl.ReLU(6.0, name=f"{layer.name}_relu", dtype=made.precision)(tensor)
    if layer.activation != "linear":
        raise UnknownName("activation", layer.activation, ("linear", "relu6"))
    return tensor


_BUILDERS: dict[str, Callable[[Layer, list[Any], _Made], Any]] = {
    "conv": _convolution,
    "depthwise": _convolution,
    "add": lambda layer, read, made: kl.Add(name=layer.name, dtype=made.precision)(read),
    "concat": lambda layer, read, made: kl.Concatenate(name=layer.name, dtype=made.precision)(read),
    "upsample": lambda layer, read, made: kl.UpSampling2D(
        layer.stride, interpolation="bilinear", name=layer.name, dtype=made.precision
    )(read[0]),
}


def _bare(tensors: list[Any]) -> Any:
    """The tensor itself where there is only one."""
    return tensors if len(tensors) > 1 else tensors[0]


def _legal(name: str) -> str:
    """`name` as TensorFlow's scopes accept it."""
    return name.replace(".", "_")
