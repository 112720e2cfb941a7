"""Where tensors lie in main memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.older_versions.level_program import LevelProgram, LookedUp, Tensor, placed
from tests.chips.k210.older_versions.programs import padded, plain, residual

TABLE = bytes(256)


def test_a_picture_for_the_accelerator_takes_no_main_memory() -> None:
    assert plain().picture_map is not None
    assert plain().picture not in placed(plain())[0]
    program = padded()
    assert program.picture_map is None
    assert placed(program)[0][program.picture] == 0


def test_a_part_lies_within_its_whole() -> None:
    whole = Tensor((5, 2, 3), 4)
    part = Tensor((2, 2, 3), 4, whole, 3)
    assert part.root is whole and part.offset_bytes == 3 * 6 * 4
    starts, size = placed(residual())
    assert all(tensor.whole is None for tensor in starts) and size % 8 == 0


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), min_size=1, max_size=12))
def test_no_two_living_tensors_lie_over_each_other(sides: list[tuple[int, int]]) -> None:
    """Each step reads one of the last few tensors, and writes a new one."""
    program = LevelProgram(Tensor((1, 1, 9)))
    made = [program.picture]
    for width, back in sides:
        source = made[-1 - back % len(made)]
        made.append(Tensor((1, 1, width)))
        program.steps.append(LookedUp(source, made[-1], TABLE))
    program.outputs.append(made[-1])
    starts, size = placed(program)
    content: dict[int, Tensor] = dict.fromkeys(range(starts[made[0]], 9 + starts[made[0]]), made[0])
    for step in program.steps:
        assert isinstance(step, LookedUp)
        first = starts[step.source]
        assert all(content[i] is step.source for i in range(first, first + step.source.size_bytes))
        first = starts[step.target]
        content.update(dict.fromkeys(range(first, first + step.target.size_bytes), step.target))
    first = starts[made[-1]]
    assert all(content[i] is made[-1] for i in range(first, first + made[-1].size_bytes))
    assert max(content) < size
