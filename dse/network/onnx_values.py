"""Attributes and numbers of an ONNX file, and what they mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from dse.files import printable
from dse.network.graph import Padding, Shape

__all__ = ["attributes_of", "few_numbers", "padding_of"]

MOST_CONSTANTS = 64
"""Numbers of a tensor that says how an operation works."""

INTEGERS = {7: "<i8", 6: "<i4"}
FLOAT = 1
"""`TensorProto.DataType`."""


def attributes_of(node: Any) -> dict[str, Any]:
    """Those that the node says, as plain values."""
    import onnx

    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def few_numbers(held: Any) -> Any:
    """The numbers of a tensor of the file. Raises ValueError where there are too many."""
    kind = "<f4" if held.data_type == FLOAT else INTEGERS[held.data_type]
    listed = held.float_data or held.int64_data or held.int32_data
    found = np.asarray(listed) if listed else np.frombuffer(held.raw_data, kind)
    if len(found) > MOST_CONSTANTS:
        raise ValueError(f"'{printable(held.name)}' holds {len(found)} numbers where few are meant")
    return found


def padding_of(
    told: dict[str, Any], source: Shape, written: Shape, kernel: int, stride: int
) -> Padding:
    """(top, bottom, left, right), also where the file says only how to work it out."""
    automatic = told.get("auto_pad", b"NOTSET")
    if automatic in (b"NOTSET", b"VALID"):
        top, left, bottom, right = told.get("pads", [0, 0, 0, 0])
        return top, bottom, left, right
    whole = [
        max(0, (after - 1) * stride + kernel - before)
        for before, after in zip(source[:2], written[:2], strict=True)
    ]
    less, more = [side // 2 for side in whole], [side - side // 2 for side in whole]
    if automatic == b"SAME_LOWER":
        less, more = more, less
    return less[0], more[0], less[1], more[1]
