"""Transfers are made once, downloads as early as they can be, and dead steps not at all."""

from dse.chips.k210.cost.lowering import lower
from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.space import Training
from tests.chips.networks import chain, conv, depthwise


def test_two_readers_share_one_download() -> None:
    layers = list(chain((16, 16, 3), conv("a", 8, 3)).layers)
    layers += [
        Layer("up", "upsample", ("a",), (32, 32, 8), stride=2),
        Layer("near", "upsample_nearest", ("a",), (32, 32, 8), stride=2),
    ]
    program = lower(Graph("fork", tuple(layers), ("up", "near")))
    ops = [step.op for step in program.steps]
    assert ops.count("download") == ops.count("dequantize") == 1


def test_a_result_is_downloaded_before_the_call_goes_on() -> None:
    program = lower(detector_graph(Training.parse("A63-a0.5-224")))
    steps = program.steps
    first = next(i for i, step in enumerate(steps) if step.op == "download")
    assert steps[first - 1].layer == "block_1_project"
    assert steps[first + 1].layer == "block_2_expand"


def test_a_call_runs_without_the_cpu_in_between() -> None:
    """From an upload to the last download only KPU steps and downloads are run."""
    program = lower(detector_graph(Training.parse("C63-a0.35-160")))
    inside = False
    for step in program.steps:
        if step.op == "upload":
            inside = True
        elif not (step.on_kpu or step.op == "download"):
            inside = False
        assert inside or not step.on_kpu


def test_a_map_joined_twice_is_copied_the_second_time() -> None:
    layers = list(chain((8, 8, 3), conv("a", 8, 3), depthwise("b")).layers)
    layers += [
        Layer("one", "concat", ("a", "b"), (8, 8, 16)),
        Layer("two", "concat", ("b", "a"), (8, 8, 16)),
    ]
    program = lower(Graph("twice", tuple(layers), ("one", "two")))
    assert [step.op for step in program.steps].count("copy") == 2
