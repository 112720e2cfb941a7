"""What the KPU refuses, and the words for it."""

import pytest

from dse.chips.k210.cost.kpu_rules import is_supported_convolution, is_supported_input, why_not

ONE = (1, 1, 1, 1)
NONE = (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("source", "channels", "kernel", "padding", "words"),
    [
        ((14, 14, 96), 1280, 1, NONE, "1280 channels"),
        ((14, 14, 1280), 125, 1, NONE, "1280 channels"),
        ((14, 14, 96), 96, 5, (2, 2, 2, 2), "not 5x5"),
        ((3, 7, 96), 96, 1, NONE, "3x7 map, the KPU needs 4x4"),
        ((257, 64, 3), 16, 3, ONE, "257x64 map"),
        ((64, 513, 3), 16, 3, ONE, "64x513 map"),
        ((256, 64, 3), 16, 3, (1, 2, 1, 1), "256x64 map"),  # padded by the CPU to 257 rows
    ],
)
def test_refused(
    source: tuple[int, int, int],
    channels: int,
    kernel: int,
    padding: tuple[int, int, int, int],
    words: str,
) -> None:
    assert words in why_not(source, channels, kernel, padding)
    assert not is_supported_convolution(source, channels, kernel, padding)


@pytest.mark.parametrize(
    ("source", "channels", "kernel", "padding"),
    [
        ((4, 4, 1), 1, 1, NONE),
        ((256, 512, 1024), 1024, 3, ONE),
        ((14, 14, 96), 125, 1, NONE),
    ],
)
def test_taken(
    source: tuple[int, int, int], channels: int, kernel: int, padding: tuple[int, int, int, int]
) -> None:
    assert why_not(source, channels, kernel, padding) == ""


def test_input_bounds() -> None:
    assert is_supported_input((4, 4, 1024))
    assert not is_supported_input((4, 4, 1025))
    assert not is_supported_input((4, 3, 16))
