from __future__ import annotations

from pathlib import Path

from dse.chips import judge, price
from dse.chips.k210.cost.certain import certain_kpu_bytes
from dse.chips.k210.target import K210Target
from dse.network.graph import Graph, Layer
from tests.chips.k210.ir.operator_nets import Drawn
from tests.network.tflite_nets import OP


def chain(*layers: tuple[str, tuple[int, int, int]]) -> Graph:
    found = [Layer("input", "input", (), (240, 320, 3))]
    for op, shape in layers:
        before = found[-1].name
        found.append(Layer(f"{op}_{len(found)}", op, (before,), shape, 3, 1, (1, 1, 1, 1)))
    return Graph("net", tuple(found), (found[-1].name,))


def test_a_convolution_needs_its_input_and_the_least_of_its_result() -> None:
    graph = chain(("conv", (240, 320, 32)), ("conv", (240, 320, 8)))
    picture, map_ = 240 * 5 * 64 * 3, 240 * 5 * 64 * 32
    assert certain_kpu_bytes(graph) == (map_ + 60 * 2 * 64 * 8, "conv_2")
    assert certain_kpu_bytes(chain(("conv", (240, 320, 4))))[0] == picture + 60 * 2 * 64 * 4


def test_a_depthwise_one_is_never_pooled() -> None:
    assert certain_kpu_bytes(chain(("depthwise", (240, 320, 3))))[0] == 2 * 240 * 5 * 64 * 3


def test_what_the_cpu_computes_is_not_certain() -> None:
    assert certain_kpu_bytes(chain(("warp", (240, 320, 3)))) == (0, "input")


def test_a_layer_that_is_too_large_is_so_whatever_else_there_is(tmp_path: Path) -> None:
    net = Drawn(240, 320, 3)
    net.relu6_conv("wide", 64)
    net.relu6_conv("next", 8)
    net.plain(OP.FLOOR_MOD, "strange", [net.last, net.last], net.shape)
    target = K210Target.load("k210")
    verdict = judge(price(net.graph(tmp_path), "kpu8", target), target)
    assert (verdict.status, verdict.reason, verdict.layer) == ("rejected", "kpu_memory", "next")
