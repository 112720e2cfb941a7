from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.k210.compiler.output_agreement import (
    LEAST_CORRELATION,
    MOST_ERROR_STEPS,
    Agreement,
    OutputAgreement,
    compared,
)
from dse.errors import VerificationFailed

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(3, 1, 8, 8, 5)).astype(np.float32)


def one(found: NDArray[Any], wanted: NDArray[Any]) -> OutputAgreement:
    (told,) = compared(["out"], [found], [wanted])
    return told


def test_what_is_rounded_to_eight_bits_is_the_same() -> None:
    step = np.ptp(MAPS) / 255
    told = one(np.rint(MAPS / step) * step, MAPS)
    assert told.same
    assert told.correlation == pytest.approx(1, abs=1e-3)
    assert told.largest_error_steps == pytest.approx(0.5, abs=0.02)
    assert told.argmax_agreement is None  # a map is no classifier


def test_another_network_s_maps_are_not() -> None:
    assert not one(MAPS[..., ::-1], MAPS).same
    assert not one(np.full_like(MAPS, np.nan), MAPS).same
    assert not one(np.full_like(MAPS, np.inf), MAPS).same


def test_steps_count_zero_into_the_range() -> None:
    wanted = np.linspace(100, 101, 51, dtype=np.float32).reshape(1, 1, 51, 1, 1)
    told = one(wanted + np.float32(101 / 255), wanted)
    assert told.largest_error_steps == pytest.approx(1, abs=1e-3)


def test_a_classifier_is_asked_for_its_class() -> None:
    wanted = RNG.normal(size=(4, 1, 10)).astype(np.float32)
    found = wanted.copy()
    found[0, 0, wanted[0, 0].argmin()] = 9
    assert one(found, wanted).argmax_agreement == 0.75


@pytest.mark.parametrize(("spread", "telling"), [(0.0, False), (0.01, False), (0.5, True)])
def test_numbers_that_hardly_vary_tell_nothing(spread: float, telling: bool) -> None:
    levels = np.arange(1, 9, dtype=np.float32)  # each channel has its own, whatever the input
    numbers = levels + spread * RNG.normal(size=(4, 1, 8)).astype(np.float32)
    told = one(numbers, numbers)
    assert (told.telling, told.same) == (telling, True)
    assert ("hardly varies" in str(told)) is not telling


def test_constants_have_no_correlation_and_must_be_equal() -> None:
    flat = np.ones((2, 1, 4), np.float32)
    assert (one(flat, flat).correlation, one(flat, flat).same) == (None, True)
    assert not one(flat * 0, flat).same


def test_whole_numbers_count_as_they_are() -> None:
    classes = np.arange(64, dtype=np.int64).reshape(1, 8, 8)
    told = one(classes + 2, classes)
    assert told.largest_error_steps == 2


def test_outputs_of_other_sizes_cannot_be_compared() -> None:
    with pytest.raises(VerificationFailed, match="the compiled file writes"):
        one(MAPS[:, :, :4], MAPS)


def test_all_outputs_and_what_is_inside_must_agree() -> None:
    good = OutputAgreement("a", 0.999, 2.0, 100.0, None)
    bad = OutputAgreement("b", LEAST_CORRELATION - 0.01, MOST_ERROR_STEPS + 1, 100.0, None)
    assert Agreement("noise", (good,)).same
    assert not Agreement("noise", (good, bad)).same
    hidden = Agreement("noise", (good,), inside=(bad,), parted_at="conv_3")
    assert not hidden.same
    assert "something else: they part at layer conv_3" in str(hidden)
    told = hidden.as_dict()
    assert (told["same"], told["parted_at"], told["inside"][0]["output"]) == (False, "conv_3", "b")
    assert not Agreement("noise", (), died="killed").same
