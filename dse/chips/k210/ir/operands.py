"""What an operator reads, as its import rules want it."""

from __future__ import annotations

from dse.network.operators import Operator, Sides, Tensor

__all__ = ["numbers", "operand", "shape_of"]


def operand(operator: Operator, index: int) -> Tensor:
    """Input `index`, which must be there."""
    tensor = operator.inputs[index]
    if tensor is None:
        raise ValueError(f"{operator.kind} has no input {index}")
    return tensor


def numbers(operator: Operator, index: int) -> list[int]:
    """The few whole numbers that input `index` is. Raises ValueError where it is computed."""
    constant = operand(operator, index).constant
    if constant is None:
        raise ValueError(f"{operator.kind} computes its input {index}")
    return [int(value) for value in constant.values]


def shape_of(tensor: Tensor) -> Sides:
    """The compiler's shape of `tensor`: a scalar is a row of one number."""
    return tensor.sides or (1,)
