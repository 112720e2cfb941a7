"""Number formats: the paper's (weights only), and what the chip computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dse.lazy import lazy

if TYPE_CHECKING:
    from dse.chips.k210.quantization.bias_correction import corrected_biases
    from dse.chips.k210.quantization.kpu8 import kpu8_predictor
    from dse.chips.k210.quantization.layer_noise import quantization_noise
    from dse.chips.k210.quantization.predictors import predictor
    from dse.chips.k210.quantization.ranges import Ranges, activation_ranges, weight_ranges

__all__ = [
    "Ranges",
    "activation_ranges",
    "corrected_biases",
    "kpu8_predictor",
    "predictor",
    "quantization_noise",
    "weight_ranges",
]

__getattr__ = lazy(
    __name__,
    {
        "Ranges": "dse.chips.k210.quantization.ranges",
        "activation_ranges": "dse.chips.k210.quantization.ranges",
        "corrected_biases": "dse.chips.k210.quantization.bias_correction",
        "kpu8_predictor": "dse.chips.k210.quantization.kpu8",
        "predictor": "dse.chips.k210.quantization.predictors",
        "quantization_noise": "dse.chips.k210.quantization.layer_noise",
        "weight_ranges": "dse.chips.k210.quantization.ranges",
    },
)
