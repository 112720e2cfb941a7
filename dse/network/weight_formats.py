"""The paper's number formats: weights go to the format and back to float32.

Narduzzi et al., arXiv 2208.11011, section III: only weights are quantized, activations stay
float32. The paper leaves open how numbers are rounded and which arrays count as weights; this
is the reading that comes nearest to its table II (docs/reproduce.md has the measurements):
* towards zero, as a conversion to an integer does. Rounded down, Q9 ruins every network here
  (the paper loses half a point); rounded to the nearest, Q6 ruins none (the paper's is dead);
* kernels and biases of convolutions, unfolded. The widest weights in its figure 3 are those of
  layer 5, the first depthwise kernel (-25 to 20; Google's file: -24.7 to 22.2): folded they span
  -37 to 5, and batch normalisation's variances reach 270.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dse.errors import UnknownName
from dse.network.arrays import Weights

__all__ = ["BYTES_PER_WEIGHT", "KEPT", "quantize_weights"]

BYTES_PER_WEIGHT = {
    "FP32": 4, "FP16": 2, "Q9": 2, "Q8": 2, "Q7": 2, "Q6": 2, "kpu8": 1, "int8": 1,
}  # fmt: skip
"""Bytes that one weight takes in each format (Q formats are stored in 16 bits)."""

FRACTION_BITS = {"Q9": 9, "Q8": 8, "Q7": 7, "Q6": 6}

KEPT = ("FP32", "FP16", *FRACTION_BITS, "int8")
"""What `quantize_weights` knows."""

CONVOLVED = ("/kernel", "/bias")
"""Ends of the names of a convolution's arrays."""

INT16 = np.iinfo(np.int16)
LARGEST_FP16 = float(np.finfo(np.float16).max)


def quantize_weights(weights: Weights, format: str) -> Weights:
    """`weights` as `format` ("FP32", "FP16", "Q9" .. "Q6", "int8") keeps them, float32 again.

    FP16 takes every array, Q formats only kernels and biases, int8 only kernels, to the nearest of
    255 steps up to the largest weight of each output channel (what TensorFlow Lite makes of a
    folded kernel; activations of 8 bits are another matter, which a chip models itself). Numbers
    that the format cannot hold become the nearest that it can. Raises UnknownName for another
    format; "kpu8" is one: the chip also quantizes activations (`kpu8`).
    """
    if format == "FP32":
        return dict(weights)
    if format == "FP16":
        return {name: _half(values) for name, values in weights.items()}
    if format in FRACTION_BITS:
        bits = FRACTION_BITS[format]
        return {
            name: _fixed_point(values, bits) if name.endswith(CONVOLVED) else values
            for name, values in weights.items()
        }
    if format == "int8":
        return {
            name: _eight_bits(values) if name.endswith("/kernel") else values
            for name, values in weights.items()
        }
    raise UnknownName("weight format", format, KEPT)


def _fixed_point(values: NDArray[np.float32], fraction_bits: int) -> NDArray[np.float32]:
    """X_int = X * 2^(n-1) without its fraction, X = X_int / 2^(n-1), with X_int in 16 bits."""
    steps = 2.0 ** (fraction_bits - 1)
    integers = np.clip(np.trunc(values * steps), INT16.min, INT16.max)
    kept: NDArray[np.float32] = (integers / steps).astype(np.float32)
    return kept


def _eight_bits(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """kernel: (k, k, in, out), or (k, k, channels, 1) of a depthwise convolution."""
    axes = (0, 1) if kernel.shape[-1] == 1 else (0, 1, 2)
    largest = np.abs(kernel).max(axis=axes, keepdims=True)
    scales = np.where(largest > 0, largest / 127, 1)
    kept: NDArray[np.float32] = (np.round(kernel / scales) * scales).astype(np.float32)
    return kept


def _half(values: NDArray[np.float32]) -> NDArray[np.float32]:
    finite = np.clip(values, -LARGEST_FP16, LARGEST_FP16)
    half: NDArray[np.float32] = finite.astype(np.float16).astype(np.float32)
    return half
