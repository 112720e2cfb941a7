"""The compiler's transforms, each on a graph made for it; expectations are nncase 1.9.0's dumps."""

from dse.chips.k210.cost.lowering import lower
from dse.network.graph import Graph, Layer
from tests.chips.networks import chain, conv, depthwise


def ops(graph: Graph) -> list[str]:
    return [step.op for step in lower(graph).steps]


def activated(layer: Layer, activation: str) -> Layer:
    return Layer(**{**vars(layer), "activation": activation})


def test_a_crop_goes_through_main_memory_within_one_call() -> None:
    """A 3x3 convolution without padding: the KPU pads, the CPU cuts the rim off again."""
    graph = chain((16, 16, 8), conv("a", 8, 3, padding=0), conv("b", 8, 3))
    assert ops(graph) == [
        "input", "upload", "kpu_conv", "download", "crop", "kpu_copy", "upload", "kpu_conv",
        "download", "dequantize",
    ]  # fmt: skip
    assert lower(graph).range_dependent == ("a",)


def test_a_crop_whose_range_differs_is_quantized_anew() -> None:
    graph = chain((16, 16, 8), conv("a", 8, 3, padding=0), conv("b", 8, 3))
    steps = [step.op for step in lower(graph, otherwise=frozenset("a")).steps]
    assert steps.count("dequantize") == 2
    assert "kpu_copy" not in steps


def test_pads_that_meet_are_one() -> None:
    """The crop of one layer and the padding of the next are one operation of the CPU."""
    graph = chain((15, 15, 8), conv("a", 8, 3, stride=2, padding=0), conv("b", 8, 3, stride=2))
    pads = [step for step in lower(graph).steps if step.op == "pad"]
    assert [step.layer for step in pads] == ["a", "a"]
    assert pads[-1].shape == (8, 8, 8)


def test_a_function_behind_a_convolution_is_free() -> None:
    graph = chain((16, 16, 8), activated(conv("a", 8, 3), "sigmoid"), conv("b", 8))
    assert "lookup" not in ops(graph)


def test_a_function_moves_before_the_stride_and_keeps_it_on_the_cpu() -> None:
    """So a leaky depthwise stride cannot move behind the 1x1 convolution that follows."""
    bounded = chain((16, 16, 8), depthwise("a", stride=2), conv("b", 8))
    leaky = chain((16, 16, 8), activated(depthwise("a", stride=2), "leaky"), conv("b", 8))
    assert "slice" not in ops(bounded)
    assert "slice" in ops(leaky)
    assert "lookup" not in ops(leaky)


def test_a_function_of_what_the_cpu_made_is_a_table() -> None:
    up = Layer("up", "upsample", (), (32, 32, 8), stride=2)
    layers = list(chain((16, 16, 8), conv("a", 8, 3)).layers)
    layers.append(Layer(**{**vars(up), "inputs": ("a",)}))
    layers.append(Layer("f", "unary", ("up",), (32, 32, 8)))
    assert ops(Graph("table", tuple(layers), ("f",)))[-4:] == [
        "upsample", "quantize", "lookup", "dequantize",
    ]  # fmt: skip


def test_constants_for_channels_are_applied_with_channels_last() -> None:
    layers = [
        Layer("input", "input", (), (16, 16, 3)),
        Layer("mean", "arithmetic", ("input",), (16, 16, 3)),
        Layer("deviation", "arithmetic", ("mean",), (16, 16, 3)),
        Layer("a", "conv", ("deviation",), (16, 16, 8), 3, 1, (1,) * 4, bias=True),
    ]
    assert ops(Graph("normalised", tuple(layers), ("a",)))[1:7] == [
        "dequantize", "transpose", "arithmetic", "arithmetic", "quantize", "transpose",
    ]  # fmt: skip


def test_equal_pads_of_two_readers_are_made_once() -> None:
    layers = list(chain((16, 2, 8), conv("a", 8)).layers)
    layers += [
        Layer("b", "conv", ("a",), (16, 2, 8), bias=True),
        Layer("c", "conv", ("a",), (16, 2, 8), bias=True),
    ]
    pads = [s for s in lower(Graph("fork", tuple(layers), ("b", "c"))).steps if s.op == "pad"]
    assert len(pads) == 2  # one for "a", one for "b" and "c"
