"""A kmodel of version 3 or 4 in a bundle: its shapes, which the file lacks, and how it runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dse.canvas import Canvas
from dse.chips.abilities import Run
from dse.chips.k210.bundle.reading import shown
from dse.chips.k210.compiler.refereed import older_predictor
from dse.chips.k210.kmodel.buffered import read_buffered
from dse.chips.k210.kmodel.kmodel import Kmodel
from dse.chips.k210.kmodel.kmodel_headers import TensorRange
from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.detection.head import FACE_HEAD, Head
from dse.errors import UsageError, VerificationFailed

__all__ = ["EmulatedDetector", "shaped", "square_map"]

LARGEST_SIDE = 4096


def shaped(headers: Kmodel, content: bytes, detector: dict[str, Any]) -> Kmodel:
    """`headers` of the file `content` with the shapes that detector.json gives its tensors.

    Raises VerificationFailed for a damaged file, and where the two do not agree.
    """
    steps, outputs = read_buffered(content), headers.outputs
    try:
        size, told = detector["input"]["size_pixels"], detector["output"]
        planes = (told["channels"], told["map_height"], told["map_width"])
    except (KeyError, TypeError) as error:
        raise VerificationFailed(f"detector.json lacks {shown(str(error))}") from None
    whole = all(type(one) is int and 0 < one <= LARGEST_SIDE for one in planes)
    if not whole or steps.input_is_float or not _reads(steps.input_shape, size):
        raise VerificationFailed(
            f"the kmodel reads {steps.input_shape}, detector.json says {shown(size)} pixels"
        )
    if len(outputs) != 1 or outputs[0].size_bytes != 4 * math.prod(planes):
        sizes = ", ".join(str(one.size_bytes) for one in outputs)
        raise VerificationFailed(
            f"the kmodel writes {sizes} bytes, detector.json says float32 {planes}"
        )
    picture = TensorRange("uint8", math.prod(steps.input_shape), steps.input_shape, 0)
    found = replace(outputs[0], type="float32", shape=(1, *planes))
    return replace(headers, inputs=(picture,), outputs=(found,))


def square_map(content: bytes, head: Head) -> dict[str, Any]:
    """What detector.json would say of the shapes of the file `content`, for want of one.

    The map is taken to be square, as the picture is. Raises VerificationFailed for a damaged
    file, and where its output cannot be such a map of `head`.
    """
    steps = read_buffered(content)
    if len(steps.outputs) != 1:
        raise VerificationFailed(f"a detector has one output, this kmodel {len(steps.outputs)}")
    numbers = steps.outputs[0].size // 4
    side = math.isqrt(numbers // head.channels)
    if side == 0 or side * side * head.channels != numbers:
        raise VerificationFailed(
            f"the kmodel writes {numbers:,} numbers, which are no square map of the "
            f"{head.channels} channels of a face detector",
            "name a detector that dse exported, in its bundle: detector.json says its shapes",
        )
    return {
        "input": {"size_pixels": steps.input_shape[2]},
        "output": {"channels": head.channels, "map_height": side, "map_width": side},
    }


def _reads(shape: Sequence[int], size: object) -> bool:
    """Whether a network whose input is of `shape` reads pictures of the input size `size`."""
    try:
        canvas = Canvas.checked(size)
    except UsageError:
        return False
    return canvas.longer <= LARGEST_SIDE and tuple(shape) == (1, 3, canvas.height, canvas.width)


class EmulatedDetector(Run):
    """The file itself, by dse's own emulator of its runtime. input_size: names its canvas."""

    def __init__(
        self, content: bytes, headers: Kmodel, box_scale: float, head: Head = FACE_HEAD
    ) -> None:
        """headers: as of `shaped`. Raises VerificationFailed, CompilerError."""
        self.input_size = Canvas.of_planes(headers.inputs[0].shape).input_size
        _, channels, height, width = headers.outputs[0].shape
        emulate = older_predictor(content, (height, width, channels))
        how = f"the file itself, of version {headers.version}, by dse's own emulator"
        super().__init__(
            lambda canvases: unscale_boxes(emulate(canvases), box_scale, head),
            f"{how} of {headers.runtime}",
        )
