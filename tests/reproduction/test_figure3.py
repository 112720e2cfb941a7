"""Bits that a range needs, and the figure's numbers as a file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.network.keras_ranges import KerasLayer
from dse.reproduction.figure3 import Figure3, integer_bits, layer_rows, summary, write_csv

pytestmark = pytest.mark.slow

FIGURE = Figure3(
    "A98-a1-96",
    (
        KerasLayer(4, "Conv1_relu", "ReLU", None, (0.0, 6.0)),
        KerasLayer(5, "expanded_conv_depthwise", "DepthwiseConv2D", (-25.0, 20.0), (-242.0, 155.9)),
    ),
    np.array([-25.0, 0.0, 1.0, 20.0], np.float32),
    np.array([4.0, 6.0], np.float32),
    100,
)


@pytest.mark.parametrize(
    ("low", "high", "bits"),
    [(0, 0, 1), (-1, 0.99, 1), (-1, 1, 2), (0, 6, 4), (-242.14, 155.91, 9), (-25, 20, 6)],
)
def test_known_ranges(low: float, high: float, bits: int) -> None:
    assert integer_bits(low, high) == bits


@given(st.floats(-1e6, 0), st.floats(0, 1e6))
def test_bits_hold_the_range_and_one_less_does_not(low: float, high: float) -> None:
    bits = integer_bits(low, high)
    assert -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1)
    assert bits == 1 or low < -(2 ** (bits - 2)) or high >= 2 ** (bits - 2)


def test_the_file_has_a_row_a_layer(tmp_path: Path) -> None:
    path = write_csv(layer_rows(FIGURE), tmp_path / "figure.csv")
    relu, depthwise = csv.DictReader(path.read_text().splitlines())
    assert relu["weight_low"] == "" and relu["activation_integer_bits"] == "4"
    assert (depthwise["index"], depthwise["weight_integer_bits"]) == ("5", "6")
    assert float(depthwise["activation_low"]) == -242.0


def test_the_words_name_the_widest_layer_and_the_papers_numbers() -> None:
    widest, within, weights, every, fifth = summary(FIGURE)
    assert "layer 5 (expanded_conv_depthwise), -242.00 to 155.90" in widest
    assert "1 of 2" in within
    assert "mean -1.0000" in weights and "50.0% within 8" in weights
    assert "mean 1.0000" in every
    assert "-25.00 to 20.00" in fifth
