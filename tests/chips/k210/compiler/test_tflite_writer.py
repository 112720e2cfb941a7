from __future__ import annotations

import numpy as np
import tflite
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dse.chips.k210.compiler.tflite_writer import BUFFER_ALIGNMENT_BYTES, TfliteWriter

shapes = arrays.array_shapes(min_dims=1, max_dims=4, max_side=5)


@given(st.lists(arrays.arrays(np.float32, shapes), min_size=1, max_size=4))
def test_constants_come_back_as_they_went_in(values: list[np.ndarray]) -> None:
    writer = TfliteWriter("constants")
    numbers = [writer.constant(f"c{i}", value) for i, value in enumerate(values)]
    model = tflite.Model.GetRootAsModel(writer.to_bytes([], []), 0)
    for number, value in zip(numbers, values, strict=True):
        tensor = model.Subgraphs(0).Tensors(number)
        stored = model.Buffers(tensor.Buffer()).DataAsNumpy()
        assert tuple(tensor.ShapeAsNumpy()) == value.shape
        assert stored.tobytes() == value.tobytes()


def test_constants_are_aligned_as_the_schema_asks() -> None:
    writer = TfliteWriter("aligned")
    for size in (1, 3, 5):
        writer.constant(f"c{size}", np.full(size, size, np.float32))
    content = writer.to_bytes([], [])
    for size in (1, 3, 5):
        place = content.index(np.full(size, size, np.float32).tobytes())
        assert place % BUFFER_ALIGNMENT_BYTES == 0


def test_operators_keep_their_order_and_options() -> None:
    writer = TfliteWriter("operators")
    first, second, out = (writer.variable(name, (1, 4)) for name in ("a", "b", "c"))

    def options(builder: object) -> int:
        tflite.AddOptionsStart(builder)
        tflite.AddOptionsAddFusedActivationFunction(builder, tflite.ActivationFunctionType.RELU6)
        return int(tflite.AddOptionsEnd(builder))

    table = (tflite.BuiltinOptions.AddOptions, options)
    writer.operator(tflite.BuiltinOperator.ADD, [first, second], out, table)
    graph = tflite.Model.GetRootAsModel(writer.to_bytes([first, second], [out]), 0).Subgraphs(0)
    operator = graph.Operators(0)
    read = tflite.AddOptions()
    read.Init(operator.BuiltinOptions().Bytes, operator.BuiltinOptions().Pos)
    assert list(operator.InputsAsNumpy()) == [first, second]
    assert list(graph.InputsAsNumpy()) == [first, second]
    assert list(graph.OutputsAsNumpy()) == [out]
    assert read.FusedActivationFunction() == tflite.ActivationFunctionType.RELU6
