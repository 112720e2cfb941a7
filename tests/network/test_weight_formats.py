"""The paper's formats, number by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from dse.errors import UnknownName
from dse.network.weight_formats import BYTES_PER_WEIGHT, quantize_weights
from dse.space import FORMATS

pytestmark = pytest.mark.slow

FLOATS = npst.arrays(np.float32, st.integers(1, 20), elements=st.floats(-60, 60, width=32))


@given(values=FLOATS, bits=st.integers(6, 9))
def test_fixed_point_drops_what_is_less_than_a_step(values: np.ndarray, bits: int) -> None:
    kept = quantize_weights({"a/kernel": values}, f"Q{bits}")["a/kernel"]
    step = 2.0 ** -(bits - 1)
    assert kept.dtype == np.float32
    np.testing.assert_array_equal(kept / step, np.round(kept / step))
    assert np.all(np.abs(kept) <= np.abs(values)) and np.all(np.abs(values - kept) < step)
    assert np.all(kept * values >= 0)
    again = quantize_weights({"a/kernel": kept}, f"Q{bits}")["a/kernel"]
    np.testing.assert_array_equal(again, kept)


def test_known_values() -> None:
    values = {"a/kernel": np.array([0.3, -0.3, 0.0, 1.0, -0.001], np.float32)}
    q6 = quantize_weights(values, "Q6")["a/kernel"]  # steps of 1/32
    np.testing.assert_array_equal(q6 * 32, [9, -9, 0, 32, 0])


def test_numbers_beyond_16_bits_saturate() -> None:
    values = {"a/bias": np.array([1e9, -1e9], np.float32)}
    np.testing.assert_array_equal(quantize_weights(values, "Q9")["a/bias"] * 256, [32767, -32768])
    np.testing.assert_array_equal(quantize_weights(values, "FP16")["a/bias"], [65504, -65504])


@given(values=FLOATS)
def test_half_precision_keeps_eleven_bits(values: np.ndarray) -> None:
    kept = quantize_weights({"w": values}, "FP16")["w"]
    np.testing.assert_allclose(kept, values, rtol=2.0**-11, atol=2.0**-24)


def test_full_precision_changes_nothing() -> None:
    values = {"a/kernel": np.array([0.7], np.float32)}
    assert quantize_weights(values, "FP32") == values


def test_q_formats_leave_batch_normalisation_alone() -> None:
    names = ("a/kernel", "a/bias", "a_BN/gamma", "a_BN/beta", "a_BN/moving_variance")
    kept = quantize_weights({name: np.array([0.7], np.float32) for name in names}, "Q6")
    q6, untouched = np.float32(0.6875), np.float32(0.7)
    assert [value[0] for value in kept.values()] == [q6, q6, *[untouched] * 3]


@pytest.mark.parametrize("format", ["kpu8", "q8", "Q10", ""])
def test_other_formats_are_refused(format: str) -> None:
    with pytest.raises(UnknownName, match="weight format"):
        quantize_weights({}, format)


def test_every_format_of_the_space_has_a_size() -> None:
    assert set(BYTES_PER_WEIGHT) == set(FORMATS)


def test_eight_bits_have_a_scale_for_each_output_channel() -> None:
    kernel = np.array([[[[1.27, 0.004], [-0.3, -0.0127]]]], np.float32)  # (1, 1, 2, 2)
    names = ("a/kernel", "a/bias", "a_BN/gamma")
    kept = quantize_weights(dict.fromkeys(names, kernel), "int8")
    expected = [[[[1.27, 0.004], [-0.3, -0.0127]]]]  # steps of 0.01 and 0.0001
    np.testing.assert_allclose(kept["a/kernel"], expected, atol=1e-6)
    coarse = quantize_weights({"a/kernel": kernel[..., ::-1] + kernel}, "int8")["a/kernel"]
    assert np.abs(coarse - (kernel[..., ::-1] + kernel)).max() <= 1.274 / 127 / 2 + 1e-6
    assert (kept["a/bias"] == kernel).all() and (kept["a_BN/gamma"] == kernel).all()


def test_eight_bits_of_a_depthwise_kernel_have_a_scale_for_each_channel() -> None:
    kernel = np.array([0.001, 1.27], np.float32).reshape(1, 1, 2, 1)
    kept = quantize_weights({"d/kernel": kernel, "z/kernel": np.zeros_like(kernel)}, "int8")
    np.testing.assert_allclose(kept["d/kernel"], kernel, rtol=1e-6)
    assert not kept["z/kernel"].any()
