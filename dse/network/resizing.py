"""A chain of convolutions made wider or narrower, keeping what it has learnt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dse.network.arrays import Weights
from dse.network.graph import Graph

__all__ = ["resized"]

Channels = NDArray[np.intp]


def resized(weights: Weights, source: Graph, target: Graph, seed: int = 0) -> Weights:
    """Weights for the chain `target` from those of `source`, which has other channel numbers.

    Wider: some channels are doubled and their readers' weights divided between the two, so that
    the function stays the same (Net2WiderNet, Chen et al., arXiv 1511.05641), in unequal parts,
    so that twins learn different things; `seed` says which. Narrower: the channels with the
    largest weights stay. Arrays are "<layer>/kernel" (k, k, in, out) and
    "<layer>/bias" (out,); layers of both graphs have the same names.
    """
    rng = np.random.default_rng(seed)
    kept: Channels = np.arange(source.input.shape[2])
    found: Weights = {}
    for layer in source.layers[1:]:
        kernel, bias = weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"]
        parts = rng.uniform(0.5, 1.5, len(kept))
        parts /= np.bincount(kept, parts)[kept]
        shared = kernel[:, :, kept] * parts[:, None]
        kept = _channels(kernel, target[layer.name].shape[2], rng)
        found[f"{layer.name}/kernel"] = shared[..., kept].astype(np.float32)
        found[f"{layer.name}/bias"] = bias[kept]
    return found


def _channels(kernel: NDArray[np.float32], count: int, rng: np.random.Generator) -> Channels:
    """Which of the channels that `kernel` writes make up `count` of them."""
    there = kernel.shape[3]
    if count >= there:
        return np.concatenate([np.arange(there), rng.choice(there, count - there)])
    strength = np.linalg.norm(kernel.reshape(-1, there), axis=0)
    return np.sort(np.argsort(-strength, kind="stable")[:count])
