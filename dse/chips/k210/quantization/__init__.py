"""Number formats: the paper's (weights only), and what the chip computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dse.lazy import lazy

if TYPE_CHECKING:
    from dse.chips.k210.quantization.bias_correction import corrected_biases
    from dse.chips.k210.quantization.kpu8 import kpu8_predictor
    from dse.chips.k210.quantization.layer_noise import (
        LayerNoise,
        QuantizationNoise,
        quantization_noise,
    )
    from dse.chips.k210.quantization.noise_report import advice, noise_table
    from dse.chips.k210.quantization.predictors import predictor
    from dse.chips.k210.quantization.ranges import Ranges, activation_ranges, weight_ranges

__all__ = [
    "LayerNoise",
    "QuantizationNoise",
    "Ranges",
    "activation_ranges",
    "advice",
    "corrected_biases",
    "kpu8_predictor",
    "noise_table",
    "predictor",
    "quantization_noise",
    "weight_ranges",
]

__getattr__ = lazy(
    __name__,
    {
        "LayerNoise": "dse.chips.k210.quantization.layer_noise",
        "QuantizationNoise": "dse.chips.k210.quantization.layer_noise",
        "Ranges": "dse.chips.k210.quantization.ranges",
        "activation_ranges": "dse.chips.k210.quantization.ranges",
        "advice": "dse.chips.k210.quantization.noise_report",
        "corrected_biases": "dse.chips.k210.quantization.bias_correction",
        "kpu8_predictor": "dse.chips.k210.quantization.kpu8",
        "noise_table": "dse.chips.k210.quantization.noise_report",
        "predictor": "dse.chips.k210.quantization.predictors",
        "quantization_noise": "dse.chips.k210.quantization.layer_noise",
        "weight_ranges": "dse.chips.k210.quantization.ranges",
    },
)
