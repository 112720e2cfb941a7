"""Memory plans: figures of the compiler, and bounds that hold for every design."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.chips.k210.cost.kpu_layout import kpu_bytes
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.memory import placed_buffers, plan_memory
from dse.network.detector import detector_graph
from dse.space import Training
from tests.chips.networks import chain, conv


def test_one_convolution() -> None:
    plan = plan_memory(lower(chain((32, 32, 3), conv("a", 16, 3))))
    assert plan.input_bytes == 32 * 32 * 3
    assert plan.output_bytes == 32 * 32 * 16 * 4
    assert plan.data_bytes == 32 * 32 * 16  # the downloaded map; the output has its own place
    assert plan.peak_kpu_bytes == kpu_bytes((32, 32, 3)) + kpu_bytes((32, 32, 16))
    assert plan.peak_layer == "a"


def test_the_rule_of_the_inverted_residual() -> None:
    """Block input, expanded map and the full-size depthwise result lie side by side."""
    plan = plan_memory(lower(detector_graph(Training.parse("A63-a0.5-224"))))
    assert plan.peak_kpu_bytes == 114_688 + 2 * 688_128
    assert plan.peak_layer == "block_1_depthwise"
    assert plan.data_bytes == 10 * 16 * 56 * 56  # two maps in float32, and both as bytes


@given(
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from([0.35, 0.5, 0.75, 1.0]),
    st.integers(64, 256),
)
@settings(max_examples=25, deadline=None)
def test_no_plan_is_smaller_than_its_largest_parts(bp: str, width: float, size: int) -> None:
    program = lower(detector_graph(Training(bp, 63, width, size // 2 * 2)))
    plan = plan_memory(program)
    for step in program.steps:
        if step.on_kpu:
            sources = [kpu_bytes(program.steps[i].shape) for i in step.inputs]
            sources = sources if step.op != "upload" else []
            assert plan.peak_kpu_bytes >= kpu_bytes(step.shape) + sum(sources)
    kpu, data = placed_buffers(program)
    assert max(one.start_bytes + one.size_bytes for one in kpu) == plan.peak_kpu_bytes
    assert max(one.start_bytes + one.size_bytes for one in data) == plan.data_bytes
    names = {layer.name for layer in detector_graph(Training(bp, 63, width, size // 2 * 2))}
    assert {plan.peak_layer, plan.data_layer} <= names


@pytest.mark.parametrize("width", [0.35, 0.5])
def test_aligned_inputs_need_more_as_they_grow(width: float) -> None:
    peaks = [
        plan_memory(lower(detector_graph(Training("A", 63, width, size)))).peak_kpu_bytes
        for size in range(96, 321, 32)
    ]
    assert peaks == sorted(peaks)
