"""Small TensorFlow-Lite files, among them some that nncase 1.9 compiles into something else."""

from __future__ import annotations

import numpy as np
import tflite

from dse.chips.k210.compiler.tflite import random_tflite
from dse.network.graph import Graph, Layer
from dse.network.tflite_writer import Options, TfliteWriter

ROOM = (16, 16)


def sound() -> bytes:
    """A convolution, a pool, a convolution."""
    layers = (
        Layer("input", "input", (), (*ROOM, 3)),
        Layer("body", "conv", ("input",), (*ROOM, 8), 3, 1, (1, 1, 1, 1), "relu", bias=True),
        Layer("pool", "maxpool", ("body",), (8, 8, 8), 2, 2),
        Layer("head", "conv", ("pool",), (8, 8, 5), bias=True),
    )
    return random_tflite(Graph("sound", layers, ("head",)), seed=1)


def _convolution(builder: object) -> int:
    tflite.Conv2DOptionsStart(builder)
    tflite.Conv2DOptionsAddPadding(builder, tflite.Padding.SAME)
    tflite.Conv2DOptionsAddStrideW(builder, 1)
    tflite.Conv2DOptionsAddStrideH(builder, 1)
    tflite.Conv2DOptionsAddDilationWFactor(builder, 1)
    tflite.Conv2DOptionsAddDilationHFactor(builder, 1)
    return int(tflite.Conv2DOptionsEnd(builder))


CONVOLUTION: Options = (tflite.BuiltinOptions.Conv2DOptions, _convolution)


def grouped(groups: int = 4) -> bytes:
    """Two convolutions, the second in groups: nncase takes it for a plain one."""
    rng, writer = np.random.default_rng(0), TfliteWriter("grouped")
    picture = writer.variable("picture", (1, *ROOM, 3))
    first = _layer(writer, rng, "first", picture, (8, 3, 3, 3))
    second = _layer(writer, rng, "second", first, (16, 3, 3, 8 // groups))
    last = _layer(writer, rng, "last", second, (5, 1, 1, 16))
    return writer.to_bytes([picture], [last])


def _layer(
    writer: TfliteWriter,
    rng: np.random.Generator,
    name: str,
    read: int,
    kernel: tuple[int, int, int, int],
) -> int:
    weights = rng.normal(0, 0.2, kernel).astype(np.float32)
    bias = rng.normal(0, 0.1, kernel[0]).astype(np.float32)
    out = writer.variable(name, (1, *ROOM, kernel[0]))
    inputs = [
        read,
        writer.constant(f"{name}/kernel", weights),
        writer.constant(f"{name}/bias", bias),
    ]
    return writer.operator(tflite.BuiltinOperator.CONV_2D, inputs, out, CONVOLUTION)
