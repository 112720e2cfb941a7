"""Advice follows from the figures, and only from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dse.chips.noise import LayerNoise, QuantizationNoise, advice, noise_table

pytestmark = pytest.mark.slow

QUIET = LayerNoise(
    name="quiet",
    op="conv",
    low=-1.0,
    high=2.0,
    calibrated=(-1.0, 2.0),
    beyond=0.0,
    step=3 / 255,
    sqnr_db=30.0,
    alone_db=40.0,
    weights_share=0.1,
    beyond_share=0.0,
    offset_share=0.1,
    ap_lost=0.0,
    weight_spread=1.5,
    channel_spread=1.5,
    clip=(-1.0, 2.0),
    clip_gain_db=0.0,
)


def noise_of(**changes: Any) -> QuantizationNoise:
    worst = replace(QUIET, **{"name": "loud", "ap_lost": 0.02, **changes})
    return QuantizationNoise((QUIET, worst), 0.9, 0.87, 100, 150)


def test_a_small_gap_needs_nothing() -> None:
    said = advice(noise_of(clip_gain_db=9.0), 0.0049)
    assert said.startswith("nothing needs doing")
    assert "0.49" in said
    assert "under 0.5" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"beyond_share": 0.8, "beyond": 0.03}, "3.00% of its activations beyond"),
        ({"offset_share": 0.8, "weights_share": 0.9}, "80% of its noise in one constant"),
        ({"weights_share": 0.9, "weight_spread": 20.0}, "factor 20.0: equalise"),
        ({"weights_share": 0.9}, "90% of its noise from rounding its weights"),
        ({"weights_share": 0.9, "op": "add", "weight_spread": None}, "rounding what it reads"),
        ({"clip_gain_db": 4.0, "clip": (-1.0, 0.8)}, "clip it to -1 .. 0.8"),
        ({"channel_spread": 6.0}, "factor 6.0 over one range"),
        ({}, "as fine as its range allows"),
    ],
)
def test_the_costliest_layers_figures_say_what_to_do(changes: dict[str, object], said: str) -> None:
    found = advice(noise_of(**changes), 0.03)
    assert found.startswith("loud ")
    assert said in found


def test_less_than_half_a_face_is_no_evidence_against_a_layer() -> None:
    found = advice(noise_of(ap_lost=0.003, clip_gain_db=9.0), 0.03)
    assert "150 objects" in found
    assert "loud" not in found


def test_the_table_has_a_line_a_layer() -> None:
    text = noise_table(noise_of(ap_lost=0.0123, alone_db=None, beyond=1e-7, weight_spread=None))
    header, _, quiet, loud = text.splitlines()
    assert header.startswith("layer")
    assert "-1 .. 2" in quiet
    assert "1.23" in loud
    assert "exact" in loud
    assert "<0.001%" in loud
    assert "-0.00" not in noise_table(noise_of(ap_lost=-1e-9))
