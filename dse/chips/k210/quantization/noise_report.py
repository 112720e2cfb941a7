"""What to do about a kmodel that lost AP, and the table that says why."""

from __future__ import annotations

from dse.chips.k210.quantization.layer_noise import LayerNoise, QuantizationNoise
from dse.text_table import format_table

__all__ = ["SMALL_GAP", "advice", "noise_table"]

SMALL_GAP = 0.005
"""AP that a kmodel may lose: half a point."""

LEAST_FACES = 0.5
"""AP lost by less, in faces that are found or missed, is chance."""

MOSTLY = 0.5
"""A part of the noise that is worth a cure of its own."""

GAIN_DB = 3.0
"""A clip that takes away half of the noise is worth having."""

SPREAD = 4.0
"""Channels this far apart waste two of eight bits."""

COLUMNS = (
    "layer", "op", "activations", "calibrated", "beyond", "step", "SQNR", "alone", "AP lost",
    "weights", "offset", "w spread", "a spread", "clip",
)  # fmt: skip


def advice(noise: QuantizationNoise, gap: float) -> str:
    """One line that follows from the figures. gap: AP of the network less AP of the kmodel."""
    if gap < SMALL_GAP:
        return f"nothing needs doing: the gap is {100 * gap:.2f} points, under {100 * SMALL_GAP:g}"
    worst = noise.costliest
    if worst.ap_lost * noise.faces < LEAST_FACES:
        return (
            f"no layer alone costs as much as half of one of the {noise.faces} faces: the noise "
            "adds up over layers; fine-tune with quantized weights and activations"
        )
    return f"{worst.name} {_cause(worst)}"


def _cause(layer: LayerNoise) -> str:
    """Why the layer is noisy, and the cheapest thing that would help."""
    if layer.beyond_share > MOSTLY:
        return (
            f"loses {layer.beyond:.2%} of its activations beyond the calibrated range: calibrate "
            "on more pictures"
        )
    if layer.offset_share > MOSTLY:
        return (
            f"has {layer.offset_share:.0%} of its noise in one constant a channel, which the "
            "kmodel's biases take back on average: fine-tune with it rounded for the rest"
        )
    if layer.weights_share > MOSTLY:
        if layer.weight_spread and layer.weight_spread > SPREAD:
            return (
                f"has weights that spread over input channels by a factor {layer.weight_spread:.1f}"
                ": equalise them with the layer before"
            )
        part = "what it reads" if layer.op == "add" else "its weights"
        return f"has {layer.weights_share:.0%} of its noise from rounding {part}: fine-tune so"
    if layer.clip_gain_db > GAIN_DB:
        low, high = layer.clip
        return (
            f"has a range set by outliers: clip it to {low:.3g} .. {high:.3g} "
            f"(rounding noise {layer.clip_gain_db:.1f} dB lower)"
        )
    if layer.channel_spread > SPREAD:
        return (
            f"has channels that spread by a factor {layer.channel_spread:.1f} over one range: "
            "equalise them with the layer behind"
        )
    return f"is as fine as its range allows (step {layer.step:.3g}): fine-tune with it rounded"


def noise_table(noise: QuantizationNoise) -> str:
    """The layers for a terminal; AP in points, noise in dB."""
    return format_table(COLUMNS, [_cells(row) for row in noise.layers], left=("layer", "op"))


def _cells(row: LayerNoise) -> list[str]:
    return [
        row.name,
        row.op,
        f"{row.low:.4g} .. {row.high:.4g}",
        f"{row.calibrated[0]:.4g} .. {row.calibrated[1]:.4g}",
        _share(row.beyond),
        f"{row.step:.3g}",
        _decibels(row.sqnr_db),
        _decibels(row.alone_db),
        f"{round(100 * row.ap_lost, 2) + 0.0:.2f}",  # + 0.0: no minus in front of nothing
        f"{row.weights_share:.0%}",
        f"{row.offset_share:.0%}",
        "" if row.weight_spread is None else f"{row.weight_spread:.1f}",
        f"{row.channel_spread:.1f}",
        f"{row.clip_gain_db:.1f} dB" if row.clip_gain_db >= 0.05 else "",
    ]


def _decibels(value: float | None) -> str:
    return "exact" if value is None else f"{value:.1f} dB"


def _share(value: float) -> str:
    if value == 0:
        return ""
    return f"{value:.3%}" if value >= 1e-5 else "<0.001%"
