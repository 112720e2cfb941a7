from __future__ import annotations

import numpy as np
import pytest
import tflite

from dse.chips.k210.compiler.network_inputs import BYTES, SIGNED, NetworkInputs, network_inputs
from dse.errors import CompilerError
from dse.network.tflite_writer import Options, TfliteWriter
from tests.chips.k210.compiler.small_files import sound

NONE: Options = (tflite.BuiltinOptions.NONE, lambda builder: 0)
OPERATORS = tflite.BuiltinOperator


def beginning_with(code: int, number: float) -> bytes:
    writer = TfliteWriter("first")
    picture = writer.variable("picture", (1, 4, 4, 3))
    constant = writer.constant("constant", np.array([number], np.float32))
    out = writer.operator(code, [picture, constant], writer.variable("out", (1, 4, 4, 3)), NONE)
    return writer.to_bytes([picture], [out])


@pytest.mark.parametrize(
    ("code", "number", "meaning"),
    [
        (OPERATORS.MUL, 1 / 255, BYTES),
        (OPERATORS.MUL, 1 / 127.5, BYTES),
        (OPERATORS.DIV, 255, BYTES),
        (OPERATORS.SUB, 127.5, BYTES),
        (OPERATORS.MUL, 2, SIGNED),
        (OPERATORS.MUL, 0, SIGNED),
        (OPERATORS.ADD, 1, SIGNED),
        (OPERATORS.MAXIMUM, 100, SIGNED),
    ],
)
def test_a_normalisation_in_the_file_reads_bytes(
    code: int, number: float, meaning: tuple[float, float]
) -> None:
    assert network_inputs(beginning_with(code, number)).pixel_range == meaning


def test_pictures_become_what_the_network_reads() -> None:
    inputs = network_inputs(sound())
    assert (inputs.shapes, inputs.are_pictures) == (((1, 16, 16, 3),), True)
    ends = np.zeros((1, 16, 16, 3), np.uint8)
    ends[..., 0] = 255
    (numbers,) = inputs.numbers([ends])
    assert (numbers.min(), numbers.max()) == (-1, 1)
    (planar,) = inputs.arranged([ends])
    assert planar.shape == (1, 3, 16, 16)
    (bytes_,) = NetworkInputs(inputs.shapes, BYTES).numbers([ends])
    assert (bytes_.min(), bytes_.max()) == (0, 255)


@pytest.mark.parametrize(
    "shapes", [((1, 4),), ((1, 128, 32),), ((4, 8, 8, 3),), ((1, 8, 8, 3), (1, 4))]
)
def test_what_is_no_picture_is_read_as_it_is(shapes: tuple[tuple[int, ...], ...]) -> None:
    inputs = NetworkInputs(shapes)
    assert not inputs.are_pictures
    assert inputs.options("NCHW")["picture"] is None
    numbers = [np.ones((2, *shape), np.float32) for shape in shapes]
    for arranged, given in zip(inputs.arranged(numbers), numbers, strict=True):
        assert np.array_equal(arranged, given)


def test_a_file_of_integers_is_none() -> None:
    writer = TfliteWriter("whole")
    numbers = writer.constant("numbers", np.ones((1, 4), np.int32))
    with pytest.raises(CompilerError, match="not float32 numbers") as caught:
        network_inputs(writer.to_bytes([numbers], [numbers]))
    assert "float32" in caught.value.hint
