"""Where a compiled network lost AP, layer by layer, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from dse.text_table import format_table

__all__ = ["SMALL_GAP", "LayerNoise", "QuantizationNoise", "advice", "noise_table"]

SMALL_GAP = 0.005
"""AP that a file may lose: half a point."""

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


@dataclass(frozen=True)
class LayerNoise:
    """What quantization does to one layer that the accelerator computes.

    low, high: of its float activations. calibrated: the range that calibration found, and
    step: that range's uint8 step. beyond: share of activations outside of it, 0..1.
    sqnr_db: signal over noise of its output with the whole network quantized; None without
    any noise. alone_db: the same, and ap_lost: AP lost (0..1), with this layer alone quantized.
    weights_share, beyond_share: parts of the noise alone that come from rounded weights (of an
    addition: from its inputs' common grid and its gain) and from activations beyond the range;
    the rest comes from the step. offset_share: part of it that is one constant a channel, which
    another bias would take away.
    weight_spread: largest over median input channel's |weight|, in steps of the scale that all
    weights of an output channel share; None where no two input channels share one.
    channel_spread: largest over median channel's |activation|, which share one step.
    clip, clip_gain_db: the narrower range with the least noise from step and clipping, and
    how much less that is.
    """

    name: str
    op: str
    low: float
    high: float
    calibrated: tuple[float, float]
    beyond: float
    step: float
    sqnr_db: float | None
    alone_db: float | None
    weights_share: float
    beyond_share: float
    offset_share: float
    ap_lost: float
    weight_spread: float | None
    channel_spread: float
    clip: tuple[float, float]
    clip_gain_db: float


@dataclass(frozen=True)
class QuantizationNoise:
    """Every layer of the accelerator in order, and AP of both networks on the same pictures.

    ap_model: of the chip's model; the file itself may differ.
    """

    layers: tuple[LayerNoise, ...]
    ap_float: float
    ap_model: float
    pictures: int
    faces: int

    @property
    def costliest(self) -> LayerNoise:
        """The layer that costs the most AP when it alone is quantized."""
        return max(self.layers, key=lambda layer: layer.ap_lost)


def advice(noise: QuantizationNoise, gap: float) -> str:
    """One line that follows from the figures. gap: AP of the network less AP of the file."""
    if gap < SMALL_GAP:
        return f"nothing needs doing: the gap is {100 * gap:.2f} points, under {100 * SMALL_GAP:g}"
    worst = noise.costliest
    if worst.ap_lost * noise.faces < LEAST_FACES:
        return (
            f"no layer alone costs as much as half of one of the {noise.faces} objects: the noise "
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
            "file's biases take back on average: fine-tune with it rounded for the rest"
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
