"""Inputs to try a compiled network on: given pictures, or noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.canvas import Canvas
from dse.chips.k210.compiler.network_inputs import BYTES, NetworkInputs
from dse.errors import DataError
from dse.files import printable

__all__ = ["Samples", "chosen_samples", "noise", "pictures_in"]

SAMPLES = 4
"""Each takes the simulator some tenths of a second; a wrong layer shows in any."""

MEAN, DEVIATION = 127, 60
"""Of a photograph's pixels, roughly (ImageNet's are 116 and 58, over its three colours)."""


@dataclass(frozen=True)
class Samples:
    """An array (n, *shape) for each input of a network, and in words what they are."""

    arrays: tuple[NDArray[Any], ...]
    words: str


def chosen_samples(inputs: NetworkInputs, pictures: Path | None = None) -> Samples:
    """Of the folder or file `pictures`, else noise. Raises DataError, as `pictures_in`."""
    return noise(inputs) if pictures is None else pictures_in(pictures, inputs)


def noise(inputs: NetworkInputs, count: int = SAMPLES, seed: int = 0) -> Samples:
    """Noise as the network's inputs are like: bytes with a photograph's mean and deviation, most of
    it in large blotches, for pictures; else normal numbers, of which nothing else is known."""
    rng = np.random.default_rng(seed)
    if not inputs.are_pictures:
        arrays = [rng.normal(size=_of(count, shape)).astype(np.float32) for shape in inputs.shapes]
        return Samples(tuple(arrays), f"{count} samples of normal noise (mean 0, deviation 1)")
    blotches = [
        np.stack([_blotches(rng, shape[1:]) for _ in range(count)]) for shape in inputs.shapes
    ]
    scale = "0 to 255" if inputs.pixel_range == BYTES else "-1 to 1"
    words = f"{count} pictures of noise, whose bytes mean {scale} to the network"
    return Samples(tuple(blotches), words)


def _of(count: int, shape: Sequence[int]) -> tuple[int, ...]:
    """One sample is what the network reads at once."""
    return (count, *(shape[1:] if shape[0] == 1 else shape))


def _blotches(rng: np.random.Generator, shape: Sequence[int]) -> NDArray[np.uint8]:
    """(h, w, channels): noise of every octave, each as strong as the next, as in photographs
    (Field 1987: amplitude falls with frequency)."""
    height, width, channels = shape
    total, size = np.zeros((height, width, channels)), 1
    while size <= max(height, width):
        coarse = rng.normal(size=(-(-height // size), -(-width // size), channels))
        total += coarse.repeat(size, 0).repeat(size, 1)[:height, :width]
        size *= 2
    total = (total - total.mean()) / max(total.std(), 1e-9)
    found: NDArray[np.uint8] = np.clip(np.rint(MEAN + DEVIATION * total), 0, 255).astype(np.uint8)
    return found


def pictures_in(path: Path, inputs: NetworkInputs, count: int = SAMPLES) -> Samples:
    """The first pictures of a folder, or the one picture `path`, letterboxed.

    Raises DataError where there is none, or the network reads no pictures of one or three colours.
    """
    from dse.data.letterbox import letterbox
    from dse.data.picture_files import load_pixels
    from dse.data.unlabelled import picture_files

    if not inputs.are_pictures or inputs.shapes[0][3] not in (1, 3):
        raise DataError(
            f"the network reads {list(inputs.shapes)}, not pictures in grey or colour",
            "leave --pictures out: it is then tried on noise",
        )
    found = picture_files(path)
    _, height, width, channels = inputs.shapes[0]
    size = Canvas(width, height).input_size
    canvases = np.stack([letterbox(load_pixels(one), size)[0] for one in found[:count]])
    if channels == 1:
        canvases = np.rint(canvases.mean(3, keepdims=True)).astype(np.uint8)
    words = f"the first {len(canvases)} pictures of {printable(path)}"
    return Samples((canvases,) * len(inputs.shapes), words)
