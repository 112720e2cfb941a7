from __future__ import annotations

import numpy as np
import tflite
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dse.network.tflite_writer import BUFFER_ALIGNMENT_BYTES, Quantization, TfliteWriter

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


def test_integers_say_what_they_mean() -> None:
    writer = TfliteWriter("integers")
    steps = np.arange(6, dtype=np.int8).reshape(2, 3)
    kernel = writer.constant("kernel", steps, Quantization((0.5, 0.25)))
    read, out = (writer.variable(name, (1, 3), Quantization((0.1,), -7)) for name in ("a", "b"))
    empty = (tflite.BuiltinOptions.NONE, lambda builder: 0)
    writer.operator(tflite.BuiltinOperator.CONV_2D, [read, kernel], out, empty)
    model = tflite.Model.GetRootAsModel(writer.to_bytes([read], [out]), 0)
    tensors = [model.Subgraphs(0).Tensors(one) for one in (kernel, read)]
    assert {one.Type() for one in tensors} == {tflite.TensorType.INT8}
    told = [one.Quantization() for one in tensors]
    np.testing.assert_allclose(told[0].ScaleAsNumpy(), [0.5, 0.25])
    assert list(told[0].ZeroPointAsNumpy()) == [0, 0]
    assert list(told[1].ZeroPointAsNumpy()) == [-7]
    assert writer.quantization(read) == Quantization((0.1,), -7)
    assert model.OperatorCodes(0).Version() == 3  # the first that computes in int8
