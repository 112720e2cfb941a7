"""TensorFlow-Lite files made operation by operation, also such as no exporter would write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tflite

from dse.network.graph import Graph
from dse.network.tflite_graph import read_tflite
from dse.network.tflite_writer import TfliteWriter

__all__ = ["OP", "SAME", "VALID", "Net"]

OP = tflite.BuiltinOperator
SAME, VALID = tflite.Padding.SAME, tflite.Padding.VALID


class Net:
    """A file under construction: each method adds one operation to the last tensor."""

    def __init__(self, height: int, width: int, channels: int, pictures: int = 1) -> None:
        self.writer = TfliteWriter("test")
        self.shape: tuple[int, ...] = (pictures, height, width, channels)
        self.last = self.input = self.writer.variable("picture", self.shape)

    def options(self, kind: str, **values: Any) -> tuple[int, Callable[[Any], int]]:
        def write(builder: flatbuffers.Builder) -> int:
            getattr(tflite, f"{kind}OptionsStart")(builder)
            for field, value in values.items():
                getattr(tflite, f"{kind}OptionsAdd{field}")(builder, value)
            return int(getattr(tflite, f"{kind}OptionsEnd")(builder))

        return getattr(tflite.BuiltinOptions, f"{kind}Options"), write

    def add(
        self, code: int, name: str, inputs: list[int], shape: tuple[int, ...], options: Any
    ) -> int:
        self.shape = shape
        out = self.writer.variable(name, shape)
        self.last = self.writer.operator(code, inputs, out, options)
        return self.last

    def pad(self, name: str, amounts: list[tuple[int, int]]) -> int:
        table = self.writer.constant(f"{name}/amounts", np.array(amounts, np.int32))
        sides = zip(self.shape, amounts, strict=True)
        shape = tuple(side + before + after for side, (before, after) in sides)
        return self.add(OP.PAD, name, [self.last, table], shape, self.options("Pad"))

    def conv(
        self, name: str, channels: int, kernel: int, stride: int, padding: int, **values: Any
    ) -> int:
        n, height, width, inside = self.shape
        weights = np.zeros((channels, kernel, kernel, inside), np.float32)
        inputs = [
            self.last,
            self.writer.constant(f"{name}/w", weights),
            self.writer.constant(f"{name}/b", np.zeros(channels, np.float32)),
        ]
        trimmed = 0 if padding == SAME else kernel - 1
        shape = (n, -(-(height - trimmed) // stride), -(-(width - trimmed) // stride), channels)
        fields = {"Padding": padding, "StrideH": stride, "StrideW": stride, **values}
        fields = {"DilationHFactor": 1, "DilationWFactor": 1, **fields}
        return self.add(OP.CONV_2D, name, inputs, shape, self.options("Conv2D", **fields))

    def graph(self, tmp_path: Path, *outputs: int) -> Graph:
        path = tmp_path / "net.tflite"
        path.write_bytes(self.writer.to_bytes([self.input], list(outputs) or [self.last]))
        return read_tflite(path)
