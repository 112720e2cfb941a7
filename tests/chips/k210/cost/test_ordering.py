"""Depth first: inputs before what reads them, in the order of the inputs."""

from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.cost.ordering import depth_first


def test_the_first_input_goes_first() -> None:
    inputs = {"end": ["left", "right"], "left": ["picture"], "right": ["picture"], "picture": []}
    assert depth_first(["end"], inputs.__getitem__) == ["picture", "left", "right", "end"]


def test_an_input_of_an_input_goes_before_both() -> None:
    inputs = {"sum": ["early", "late"], "late": [], "early": ["late"]}
    assert depth_first(["sum"], inputs.__getitem__) == ["late", "early", "sum"]


@given(st.data())
def test_it_is_the_recursive_visit_without_the_recursion(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    earlier = [data.draw(st.lists(st.integers(0, max(0, i - 1)), max_size=3)) for i in range(count)]
    inputs = [sources if i else [] for i, sources in enumerate(earlier)]
    ends = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=3))
    order: list[int] = []

    def visit(thing: int) -> None:
        if thing not in order:
            for source in inputs[thing]:
                visit(source)
            order.append(thing)

    for end in ends:
        visit(end)
    assert depth_first(ends, inputs.__getitem__) == order
