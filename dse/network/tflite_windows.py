"""Windows of convolutions and pools: how many there are, and the padding that TensorFlow means."""

from __future__ import annotations

from dse.network.graph import Padding, Shape

__all__ = ["added", "no_padding", "same_padding"]


def same_padding(source: Shape, target: Shape, kernel: int, stride: int) -> Padding:
    """TensorFlow's SAME padding: what is odd goes to the bottom and to the right.

    Raises ValueError where such windows on `source` do not make `target`.
    """
    _expect_sides(source, target, kernel, stride, [side + kernel - 1 for side in source[:2]])
    sides: list[int] = []
    for before, after in zip(source[:2], target[:2], strict=True):
        total = max(0, (after - 1) * stride + kernel - before)
        sides += [total // 2, total - total // 2]
    return (sides[0], sides[1], sides[2], sides[3])


def no_padding(source: Shape, target: Shape, kernel: int, stride: int) -> Padding:
    """TensorFlow's VALID padding, none. Raises ValueError as `same_padding`."""
    _expect_sides(source, target, kernel, stride, list(source[:2]))
    return (0, 0, 0, 0)


def added(one: Padding, other: Padding) -> Padding:
    """Both around the same map."""
    top, bottom, left, right = (a + b for a, b in zip(one, other, strict=True))
    return (top, bottom, left, right)


def _expect_sides(
    source: Shape, target: Shape, kernel: int, stride: int, padded: list[int]
) -> None:
    sound = kernel > 0 and stride > 0
    if not sound or [(side - kernel) // stride + 1 for side in padded] != list(target[:2]):
        raise ValueError(f"windows of {kernel} by {stride} make no map {target} of {source}")
