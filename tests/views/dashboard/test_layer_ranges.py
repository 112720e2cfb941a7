"""The figure of ranges: a bar from the lowest to the highest of each layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dse.views.dashboard import write_ranges
from dse.views.dashboard.layer_ranges import ranges_figure

WEIGHTS = np.linspace(-3, 3, 200, dtype=np.float32)


def row(
    index: int,
    activation: tuple[float, float],
    weight: tuple[float, float] | None,
    kind: str = "Conv2D",
) -> Any:
    ends = weight or (None, None)
    return {
        "index": index,
        "layer": f"<layer {index}>",
        "kind": kind,
        "weight_low": ends[0],
        "weight_high": ends[1],
        "weight_integer_bits": 3 if weight else None,
        "activation_low": activation[0],
        "activation_high": activation[1],
        "activation_integer_bits": 8,
    }


ROWS = [
    row(0, (0.0, 6.0), None),
    row(1, (-100.0, 50.0), (-3.0, 3.0)),
    row(2, (-9.0, 9.0), (0.0, 270.0), "BatchNormalization"),
]


def test_bars_span_the_ranges_and_the_widest_is_named() -> None:
    figure = ranges_figure("a title", ROWS, WEIGHTS)
    activations, weights, *_, histogram = figure.data
    assert [(b, b + y) for b, y in zip(activations.base, activations.y, strict=True)] == [
        (0.0, 6.0),
        (-100.0, 50.0),
        (-9.0, 9.0),
    ]
    assert list(weights.x) == [1] and list(weights.base) == [-3.0]
    assert sum(histogram.y) == len(WEIGHTS)
    notes = [note.text for note in figure.layout.annotations]
    assert notes[0] == "layer 1, &lt;layer 1&gt;: -100.00 to 50.00"


def test_the_figure_is_a_file(tmp_path: Path) -> None:
    path = write_ranges("a title", ROWS, WEIGHTS, tmp_path / "figure.html")
    assert path.stat().st_size > 1_000_000  # plotly.js is inside
