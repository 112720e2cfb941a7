"""What runs where: the rules of the compiler, one by one, on graphs made for the purpose."""

import pytest

from dse.chips.k210.cost.lowering import lower, lower_for_cpu
from dse.chips.k210.cost.program import Program
from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.space import Training
from tests.chips.networks import BOTTOM_RIGHT, chain, conv, depthwise, grid_graph


def ops(program: Program) -> list[str]:
    return [step.op for step in program.steps]


def step(program: Program, layer: str, op: str) -> tuple[int, int, int]:
    """Shape of the only `op` of `layer`."""
    (found,) = [s for s in program.steps if (s.layer, s.op) == (layer, op)]
    return found.shape


def test_a_chain_stays_on_the_kpu() -> None:
    graph = chain((32, 32, 3), conv("a", 16, 3), depthwise("b"), conv("c", 24))
    assert ops(lower(graph)) == [
        "input", "upload", "kpu_conv", "kpu_depthwise", "kpu_conv", "download", "dequantize",
    ]  # fmt: skip


def test_a_strided_convolution_is_picked_at_write_back() -> None:
    program = lower(chain((32, 32, 3), conv("a", 16, 3, stride=2), depthwise("b")))
    (picked,) = [s for s in program.steps if s.pooled]
    assert (picked.layer, picked.shape) == ("a", (16, 16, 16))


def test_a_depthwise_stride_moves_behind_the_next_1x1() -> None:
    program = lower(chain((32, 32, 8), depthwise("a", stride=2), conv("b", 16), depthwise("c")))
    assert step(program, "a", "kpu_depthwise") == (32, 32, 8)
    assert step(program, "b", "kpu_conv") == (16, 16, 16)
    assert [s.layer for s in program.steps if s.pooled] == ["b"]
    assert "slice" not in ops(program)


def test_only_a_depthwise_stride_moves() -> None:
    """The compiler picks at write-back as soon as it can, and looks for motion only before."""
    graph = chain((32, 32, 3), conv("a", 8, 3, stride=2), conv("b", 8), conv("c", 8, 3))
    program = lower(graph)
    assert [s.layer for s in program.steps if s.pooled] == ["a"]
    graph = chain((32, 32, 8), depthwise("a", stride=2), conv("b", 8), conv("c", 8))
    program = lower(graph)
    assert [s.layer for s in program.steps if s.pooled] == ["b"]


def test_a_depthwise_stride_with_two_readers_is_sliced_by_the_cpu() -> None:
    one = Layer("input", "input", (), (32, 32, 8))
    two = Layer("a", "depthwise", ("input",), (16, 16, 8), 3, 2, (1, 1, 1, 1), bias=True)
    left = Layer("b", "conv", ("a",), (16, 16, 8), bias=True)
    right = Layer("c", "conv", ("a",), (16, 16, 8), bias=True)
    program = lower(Graph("fork", (one, two, left, right), ("b", "c")))
    assert step(program, "a", "slice") == (16, 16, 8)
    assert ops(program).count("upload") == 2  # the picture, and the sliced map once for both


def test_an_odd_map_is_padded_to_even_before_a_stride() -> None:
    program = lower(chain((15, 20, 8), depthwise("a", stride=2), conv("b", 16)))
    assert step(program, "b", "pad") == (16, 20, 8)
    assert step(program, "b", "kpu_conv") == (8, 10, 16)


def test_small_maps_are_padded_to_4x4_and_cropped() -> None:
    program = lower(chain((3, 3, 8), conv("a", 16), conv("b", 16)))
    assert step(program, "a", "pad") == (4, 4, 8)
    assert step(program, "a", "kpu_conv") == (4, 4, 16)
    assert step(program, "a", "crop") == (3, 3, 16)


def test_what_the_kpu_refuses_runs_on_the_cpu_in_float() -> None:
    program = lower(chain((8, 8, 16), conv("a", 1280), conv("b", 16)))
    assert ops(program) == ["input", "dequantize", "conv", "conv"]
    assert all(s.element_bytes == 4 for s in program.steps[1:])


def test_an_addition_is_a_concatenation_and_a_convolution() -> None:
    layers = list(chain((16, 16, 8), conv("a", 8), conv("b", 8)).layers)
    layers.append(Layer("sum", "add", ("a", "b"), (16, 16, 8)))
    program = lower(Graph("sum", tuple(layers), ("sum",)))
    assert ops(program).count("download") == 3
    assert step(program, "sum", "concat") == (16, 16, 16)
    assert step(program, "sum", "kpu_conv") == (16, 16, 8)
    assert step(program, "sum", "quantize") == (16, 16, 16)


def test_a_pool_joins_the_convolution_before_it() -> None:
    graph = chain((16, 16, 3), conv("a", 8, 3), Layer("p", "maxpool", (), (0, 0, 0), 2, 2))
    assert ops(lower(graph)) == ["input", "upload", "kpu_conv", "download", "dequantize"]


def test_bottom_right_padding_costs_float_pads() -> None:
    symmetric = lower(grid_graph(0.5, 224, 224, "sym"))
    bottom_right = lower(grid_graph(0.5, 224, 224, "tf"))
    assert ops(symmetric).count("pad") == 0
    assert ops(bottom_right).count("pad") == 6  # the compiled grid says so too
    assert grid_graph(0.5, 224, 224, "tf")["Conv1"].padding == BOTTOM_RIGHT


def test_steps_come_after_what_they_read() -> None:
    for name in ("A63-a0.5-224", "B63-a0.35-96", "C63-a0.5-192"):
        program = lower(detector_graph(Training.parse(name)))
        for index, one in enumerate(program.steps):
            assert all(source < index for source in one.inputs)


@pytest.mark.parametrize("interleaved", [False, True])
def test_interleaved_pictures_are_transposed(interleaved: bool) -> None:
    program = lower(chain((32, 32, 3), conv("a", 16, 3)), interleaved)
    assert ops(program).count("transpose") == 2 * interleaved


def test_on_the_cpu_nothing_crosses() -> None:
    program = lower_for_cpu(detector_graph(Training.parse("C63-a0.5-224")))
    assert not {"upload", "download", "quantize"} & set(ops(program))
    assert not any(one.on_kpu for one in program.steps)
    assert program.steps[-1].layer == "head"


def test_unknown_operations_keep_their_name() -> None:
    layers = list(chain((16, 16, 3), conv("a", 8, 3)).layers)
    layers.append(Layer("soft", "hard_swish", ("a",), (16, 16, 8)))
    program = lower(Graph("soft", tuple(layers), ("soft",)))
    assert program.unknown_ops == (("soft", "hard_swish"),)


def test_maps_of_different_sizes_cannot_be_joined() -> None:
    """Up-sampling a rounded-up map gives 8x8 beside 7x7: the compiler refuses it too."""
    graph = detector_graph(Training("C", 63, 0.5, 112))
    assert lower(graph).unknown_ops == (("concat", "concat of unequal maps"),)
    assert lower_for_cpu(graph).unknown_ops == (("concat", "concat of unequal maps"),)


def test_a_slice_for_the_kpu_is_taken_from_bytes() -> None:
    graph = chain((32, 32, 8), depthwise("a", stride=2), depthwise("b"))
    steps = [(s.op, s.element_bytes) for s in lower(graph).steps]
    assert ("slice", 1) in steps
    assert ("slice", 4) not in steps
