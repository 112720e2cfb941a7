"""Weights to start from, read from the source that `weights_source` chose.

The package's own come from `tools/pretrain.py` (MobileNetV2's backbone) and
`tools/pretrain_plain.py` (whole plain detectors): they were trained as face detectors and are
stored in half precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dse.errors import WeightsError
from dse.network.arrays import Weights, batch_norm_name
from dse.network.families import BREAKPOINTS
from dse.network.graph import Graph
from dse.network.keras_model import get_weights
from dse.network.keras_startup import keras
from dse.network.mobilenetv2 import backbone_graph
from dse.network.weights_file import read_weights

__all__ = ["StartingWeights", "load_starting_weights", "narrow", "shipped_file"]

SHIPPED = Path(__file__).resolve().parent / "weights"
DEAD_CHANNEL_SCALE = 0.02
"""Standard deviation given to channels that are all zero, so that they can learn."""


@dataclass(frozen=True)
class StartingWeights:
    """weights: arrays by name; the head's are among them where it is trained already.

    source: where they came from, for people.
    """

    weights: Weights
    source: str


def load_starting_weights(source: str, width: float, breakpoint: str = "A") -> StartingWeights:
    """Weights for alpha `width` from a source that `choose_source` returned.

    A family that Keras does not have has the package's own weights, whatever the source.
    Raises WeightsError where the file is missing, truncated or of another network.
    """
    family = BREAKPOINTS[breakpoint].family
    if source == "shipped" or not family.in_keras:
        found = _read_shipped(width, family.weights)
        return StartingWeights(found, f"dse's own for {family.title}, alpha {width:g}")
    if source == "imagenet":
        return StartingWeights(_imagenet("imagenet", width), f"Keras ImageNet, alpha {width:g}")
    folder = Path(source.removeprefix("dir:"))
    path = folder / f"mobilenet_v2_{_keras_width(width)}_notop.weights.h5"
    if path.exists():
        return StartingWeights(_revived(_imagenet(path, width)), str(path))
    wide = folder / "mobilenet_v2_1.0_notop.weights.h5"
    if wide.exists():
        narrowed = narrow(_imagenet(wide, 1.0), width)
        return StartingWeights(narrowed, f"{wide}, strongest channels kept")
    raise WeightsError(f"{folder} holds no {path.name}", "name a folder with Keras' files")


def shipped_file(width: float, stem: str) -> Path:
    """Where the package keeps the weights of alpha `width` of the family that calls them `stem`."""
    return SHIPPED / f"{stem}_{_keras_width(width)}.npz"


def narrow(wide: Weights, width: float) -> Weights:
    """The alpha = `width` network made of the strongest channels of the alpha = 1.0 network.

    A channel's strength is the norm of the weights that write it, times its batch-norm scale;
    tensors that are added to each other keep the same channels.
    """
    big, small = backbone_graph(1.0, 224, 224), backbone_graph(width, 224, 224)
    kept: dict[str, NDArray[np.int64]] = {"input": np.arange(3)}
    for names in _tied(big):
        strength = sum(_strength(wide, name) for name in names if big[name].op == "conv")
        count = small[names[0]].shape[2]
        chosen = np.sort(np.argsort(-np.asarray(strength), kind="stable")[:count])
        kept.update(dict.fromkeys(names, chosen))
    return {name: value for layer in big for name, value in _selected(wide, big, layer.name, kept)}


def _tied(graph: Graph) -> list[list[str]]:
    """Layers whose channels must be the same ones: chains of additions and depthwise layers."""
    groups: dict[str, list[str]] = {}
    for layer in graph:
        if layer.op == "input":
            continue
        if layer.op == "conv":
            groups[layer.name] = [layer.name]
            continue
        group = groups[layer.inputs[0]]
        for name in layer.inputs[1:]:
            if groups[name] is not group:
                group += groups[name]
                groups.update(dict.fromkeys(groups[name], group))
        group.append(layer.name)
        groups[layer.name] = group
    return list({id(group): group for group in groups.values()}.values())


def _strength(weights: Weights, layer: str) -> NDArray[np.float32]:
    kernel = weights[f"{layer}/kernel"]
    norm = batch_norm_name(layer)
    scale = np.abs(weights[f"{norm}/gamma"]) / np.sqrt(weights[f"{norm}/moving_variance"] + 1e-3)
    norms = np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0)
    strength: NDArray[np.float32] = (norms * scale).astype(np.float32)
    return strength / max(float(strength.max()), 1e-12)


def _selected(
    wide: Weights, graph: Graph, name: str, kept: dict[str, NDArray[np.int64]]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The arrays of layer `name` at the channels that were kept."""
    layer = graph[name]
    if layer.op not in ("conv", "depthwise"):
        return
    out, read = kept[name], kept[layer.inputs[0]]
    kernel = wide[f"{name}/kernel"]
    narrowed = kernel[:, :, out] if layer.op == "depthwise" else kernel[:, :, read][..., out]
    yield f"{name}/kernel", narrowed
    norm = batch_norm_name(name)
    for variable in ("gamma", "beta", "moving_mean", "moving_variance"):
        yield f"{norm}/{variable}", wide[f"{norm}/{variable}"][out]


def _imagenet(weights: str | Path, width: float) -> Weights:
    """Weights of `keras.applications.MobileNetV2`, downloaded ("imagenet") or from a file."""
    try:
        model = keras.applications.MobileNetV2(
            input_shape=(224, 224, 3),
            alpha=width,
            include_top=False,
            weights="imagenet" if weights == "imagenet" else None,
        )
        if weights != "imagenet":
            model.load_weights(weights)
    except Exception as error:  # Keras raises many kinds for a bad file or a lost connection
        raise WeightsError(
            f"cannot load {weights} for alpha {width:g}: {error}",
            "download the file again, or use --weights shipped",
        ) from error
    return get_weights(model)


def _revived(weights: Weights) -> Weights:
    """`weights` with small random values where a whole output channel is zero."""
    rng = np.random.default_rng(0)
    revived = {}
    for name, value in weights.items():
        if name.endswith("/kernel"):
            axis = 2 if name.endswith("depthwise/kernel") else 3
            dead = ~np.moveaxis(value, axis, 0).reshape(value.shape[axis], -1).any(axis=1)
            if dead.any():
                value = value.copy()
                index = (slice(None),) * axis + (dead,)
                value[index] = rng.normal(0, DEAD_CHANNEL_SCALE, value[index].shape)
        revived[name] = value
    return revived


def _read_shipped(width: float, stem: str) -> Weights:
    path = shipped_file(width, stem)
    hint = "reinstall the package, or give --weights-dir"
    if not path.exists():
        raise WeightsError(f"the package holds no {path.name}", hint)
    return read_weights(path, hint)


def _keras_width(width: float) -> str:
    """Alpha as Keras' file names spell it."""
    return f"{width:g}" if width != 1.0 else "1.0"
