"""Steps count what they write and hold."""

from dse.chips.k210.cost.program import KNOWN_OPS, Program, Step


def test_sizes() -> None:
    step = Step("conv", "a", (0,), (8, 4, 16), 4, 3, 5)
    assert (step.elements, step.size_bytes, step.weights) == (512, 2048, 9 * 5 * 16)
    assert Step("kpu_depthwise", "a", (0,), (8, 4, 16), 1, 3, 16).weights == 9 * 16
    assert Step("quantize", "a", (0,), (8, 4, 16)).weights == 0


def test_where_results_lie() -> None:
    assert Step("upload", "a", (0,), (1, 1, 1)).on_kpu
    assert not Step("download", "a", (0,), (1, 1, 1)).on_kpu


def test_unknown_operations() -> None:
    steps = tuple(Step(op, op, (), (1, 1, 1)) for op in (*KNOWN_OPS, "hard_swish"))
    assert Program(steps, (0,)).unknown_ops == (("hard_swish", "hard_swish"),)
