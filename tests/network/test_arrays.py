"""Black is -1, white is 1, and a quantized network's grid holds every pixel between."""

from __future__ import annotations

import numpy as np

from dse.network.arrays import normalised


def test_the_range_is_from_minus_one_to_one() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    found = normalised(pixels)
    assert found.dtype == np.float32 and found.shape == pixels.shape
    assert (found[0, 0, 0], found[0, -1, -1]) == (-1, 1)
    np.testing.assert_allclose(found.ravel(), (np.arange(256) - 127.5) / 127.5, atol=1e-7)
