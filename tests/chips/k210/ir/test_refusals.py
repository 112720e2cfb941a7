from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dse.chips import judge, price
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.ir.refusals import refusal_of
from dse.chips.k210.target import K210Target
from dse.chips.verdict import Verdict
from dse.network.operators import Constant, Operator, Tensor
from tests.chips.k210.ir.operator_nets import Drawn
from tests.network.tflite_nets import OP, SAME, VALID

TARGET = K210Target.load("k210")
MAP = Tensor(0, (1, 16, 16, 8), "float32")


def weights(*sides: int, kind: str = "float32") -> Tensor:
    return Tensor(1, sides, kind, Constant())


def verdict_of(net: Drawn, folder: Path) -> Verdict:
    return judge(price(net.graph(folder), "kpu8", TARGET), TARGET)


@pytest.mark.parametrize(
    ("operator", "why"),
    [
        (Operator("ELU", "x", (MAP,), (MAP,)), "knows no such operation"),
        (Operator("DEPTH_TO_SPACE", "x", (MAP,), (MAP,)), "knows no such operation"),
        (Operator("TRANSPOSE_CONV", "x", (MAP,), (MAP,)), "transposed"),
        (Operator("TILE", "x", (MAP,), (MAP,)), "tiles blocks"),
        (Operator("CONV_2D", "x", (MAP, weights(8, 3, 3, 2), weights(8)), (MAP,)), "grouped"),
        (Operator("CONV_2D", "x", (MAP, weights(8, 3, 3, 8)), (MAP,)), "without a bias"),
        (Operator("DEQUANTIZE", "x", (weights(8, kind="float16"),), (MAP,)), "float16"),
        (
            Operator("CONV_2D", "x", (MAP, weights(8, 3, 3, 8, kind="int8"), weights(8)), (MAP,)),
            "reads the first",
        ),
        (Operator("ADD", "x", (Tensor(0, (1,), "int8"), MAP), (MAP,)), "quantized"),
        (Operator("TANH", "x", (MAP,), (MAP,), {"FusedActivationFunction": 4}), "fused"),
    ],
)
def test_what_the_compiler_cannot(operator: Operator, why: str) -> None:
    refusal = refusal_of(operator)
    assert refusal is not None
    assert why in refusal.why
    assert refusal.instead


def test_what_the_compiler_can() -> None:
    conv = Operator("CONV_2D", "x", (MAP, weights(8, 3, 3, 8), weights(8)), (MAP,))
    assert refusal_of(conv) is None


def test_an_end_from_behind_is_read_wrongly_unless_it_is_left_out() -> None:
    ends = Tensor(2, (4,), "int32", Constant((0.0, -2.0, -2.0, 0.0)))
    inputs = (MAP, weights(4), ends, weights(4))
    assert refusal_of(Operator("STRIDED_SLICE", "x", inputs, (MAP,), {"EndMask": 15})) is None
    assert refusal_of(Operator("STRIDED_SLICE", "x", inputs, (MAP,), {"EndMask": 9})) is not None


@pytest.mark.parametrize("name", ["LOGISTIC", "TANH"])
def test_a_function_behind_a_pool_cannot_be_emitted(name: str, tmp_path: Path) -> None:
    net = Drawn()
    net.conv("a", 8, 3, 1, SAME)
    net.pool(OP.MAX_POOL_2D, "pool", 2, 2)
    net.plain(getattr(OP, name), "function", [net.last], net.shape)
    net.conv("b", 8, 3, 1, SAME)
    verdict = verdict_of(net, tmp_path)
    assert (verdict.status, verdict.layer) == ("refused", "function")
    assert "in front of the pool" in verdict.instead


@pytest.mark.parametrize("fused", [1, 3])  # ReLU, ReLU6
def test_a_relu_behind_a_pool_is_forgotten(fused: int, tmp_path: Path) -> None:
    net = Drawn()
    net.conv("a", 8, 3, 1, SAME)
    net.pool(OP.MAX_POOL_2D, "pool", 2, 2, fused)
    net.conv("b", 8, 3, 1, SAME)
    verdict = verdict_of(net, tmp_path)
    assert (verdict.status, verdict.layer) == ("refused", "pool")
    assert "forgets the ReLU" in verdict.message and "in front of the pool" in verdict.instead


def test_a_relu_that_changes_nothing_may_be_forgotten(tmp_path: Path) -> None:
    net = Drawn()
    net.relu6_conv("a", 8)
    net.pool(OP.MAX_POOL_2D, "pool", 2, 2, 1)
    net.conv("b", 8, 3, 1, SAME)
    assert verdict_of(net, tmp_path).accepted


def test_a_multiplied_depthwise_convolution_is_refused(tmp_path: Path) -> None:
    net = Drawn(channels=8)
    table = np.zeros((1, 3, 3, 16), np.float32)
    inputs = [net.last, net.writer.constant("w", table), net.floats("b", 16)]
    values = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
    options = net.options("DepthwiseConv2D", Padding=SAME, DepthMultiplier=2, **values)
    net.add(OP.DEPTHWISE_CONV_2D, "deep", inputs, (1, 16, 16, 16), options)
    assert "depth multiplier of 2" in verdict_of(net, tmp_path).message


def test_a_cropped_map_that_the_cpu_reads_too_is_not_found(tmp_path: Path) -> None:
    net = Drawn()
    net.relu6_conv("a", 8)
    cropped = net.conv("b", 8, 3, 1, VALID)
    shape = net.shape
    one = net.conv("c", 8, 1, 1, VALID)
    chain = net.graph(tmp_path)
    assert judge(price(chain, "kpu8", TARGET), TARGET).accepted
    net.last, net.shape = cropped, shape
    other = net.reduce(OP.MEAN, "mean", [1, 2], True)
    verdict = judge(price(net.graph(tmp_path, one, other), "kpu8", TARGET), TARGET)
    assert (verdict.status, verdict.layer) == ("refused", "b")


def test_a_crop_with_a_range_of_its_own_is_not_read_whole(tmp_path: Path) -> None:
    net = Drawn()
    a = net.conv("a", 8, 3, 1, VALID)
    net.plain(OP.TANH, "tanh", [a], net.shape)
    net.conv("b", 8, 1, 1, VALID)
    graph = net.graph(tmp_path)
    expected = lower(graph, interleaved=False)
    assert not expected.refusals
    assert expected.range_dependent == ("a",)
    (refusal,) = lower(graph, False, frozenset("a")).refusals
    assert refusal.layer == "a"
    assert "something else" in refusal.why
    assert "padding='same'" in refusal.instead
