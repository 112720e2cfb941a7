"""What lives where, and how long."""

from dse.chips.k210.cost.latency import Duration
from dse.chips.k210.cost.memory import PlacedBuffer
from dse.chips.k210.file_cost.lifetimes import peak, placed, steps_of, top
from dse.chips.k210.file_cost.operation import KPU, MAIN, FileStep, Operation, Span

Piece = tuple[str, int, int]


def step(name: str, reads: list[Piece], writes: list[Piece]) -> Operation:
    spans = [tuple(Span(*one) for one in ends) for ends in (reads, writes)]
    return Operation(name, name, (FileStep(name, "cpu", (1, 1, 1), Duration(1, 1, 1), *spans),))


def test_a_buffer_lives_from_who_writes_it_to_who_reads_it_last() -> None:
    steps = steps_of([
        step("a", [], [(KPU, 0, 64)]),
        step("b", [(KPU, 0, 64)], [(KPU, 64, 128)]),
        step("c", [(KPU, 64, 128)], [(KPU, 0, 64), (MAIN, 0, 8)]),
    ])  # fmt: skip
    found = placed(steps, [Span(MAIN, 0, 8)])
    assert found[KPU] == [
        PlacedBuffer("a", 0, 64, 0, 1), PlacedBuffer("b", 64, 64, 1, 2),
        PlacedBuffer("c", 0, 64, 2, 2),
    ]  # fmt: skip
    assert found[MAIN] == [PlacedBuffer("c", 0, 8, 2, 2)]
    assert peak(found[KPU], ["a", "b", "c"]) == (128, "b")


def test_an_output_lives_to_the_end() -> None:
    steps = steps_of([step("a", [], [(MAIN, 0, 8)]), step("b", [], []), step("c", [], [])])
    assert placed(steps, [Span(MAIN, 0, 8)])[MAIN] == [PlacedBuffer("a", 0, 8, 0, 2)]


def test_what_is_written_over_what_it_reads_needs_the_place_once() -> None:
    steps = steps_of([step("a", [], [(MAIN, 0, 8)]), step("b", [(MAIN, 0, 8)], [(MAIN, 0, 8)])])
    found = placed(steps, [])[MAIN]
    assert [(one.birth, one.death) for one in found] == [(0, 0), (1, 1)]
    assert peak(found, ["a", "b"]) == (8, "a")


def test_a_read_of_a_new_buffer_does_not_keep_the_old_one_alive() -> None:
    steps = steps_of([
        step("old", [], [(MAIN, 0, 100)]),
        step("new", [], [(MAIN, 50, 60)]),
        step("reader", [(MAIN, 50, 60)], []),
    ])  # fmt: skip
    assert placed(steps, [])[MAIN][0].death == 0


def test_nothing_needs_nothing() -> None:
    assert peak([], []) == top([]) == (0, "")


def test_holes_count_below_the_highest_address() -> None:
    steps = steps_of([step("a", [], [(KPU, 0, 64)]), step("b", [], [(KPU, 640, 704)])])
    assert top(placed(steps, [])[KPU]) == (704, "b")
