"""First fit: never two living buffers in one place, and the compiler's own placements."""

from hypothesis import given
from hypothesis import strategies as st

from dse.chips.allocator import Buffer, first_fit


@st.composite
def buffers(draw: st.DrawFn) -> list[Buffer]:
    births = draw(st.lists(st.integers(0, 40), min_size=1, max_size=25))
    return [
        Buffer(f"b{i}", draw(st.integers(1, 5000)), birth, birth + draw(st.integers(0, 12)))
        for i, birth in enumerate(sorted(births))
    ]


@given(buffers(), st.sampled_from([1, 8, 64]))
def test_living_buffers_never_overlap(wanted: list[Buffer], alignment: int) -> None:
    placed = first_fit(wanted, alignment)
    for i, one in enumerate(wanted):
        assert placed.starts[i] % alignment == 0
        for j, other in enumerate(wanted[:i]):
            if one.birth <= other.death and other.birth <= one.death:
                apart = (
                    placed.starts[i] + one.size_bytes <= placed.starts[j]
                    or placed.starts[j] + other.size_bytes <= placed.starts[i]
                )
                assert apart


@given(buffers(), st.sampled_from([1, 8, 64]))
def test_the_peak_holds_what_lives_at_once(wanted: list[Buffer], alignment: int) -> None:
    placed = first_fit(wanted, alignment)
    for step in range(60):
        living = [b.size_bytes for b in wanted if b.birth <= step <= b.death]
        assert sum(living) <= placed.peak_bytes
    peak = wanted[placed.peak_buffer]
    end = placed.starts[placed.peak_buffer] + peak.size_bytes
    assert end <= placed.peak_bytes < end + alignment


@given(buffers())
def test_each_buffer_lies_as_low_as_it_can(wanted: list[Buffer]) -> None:
    """Below its place there is no hole: every lower start collides with a living buffer."""
    placed = first_fit(wanted, 1)
    for i, one in enumerate(wanted):
        for start in range(max(0, placed.starts[i] - 3), placed.starts[i]):
            assert any(
                wanted[j].death >= one.birth
                and start < placed.starts[j] + wanted[j].size_bytes
                and placed.starts[j] < start + one.size_bytes
                for j in range(i)
            )


def test_a_hole_in_front_is_lost_when_it_is_too_small() -> None:
    """Fragmentation: 200 bytes live at most, but the third buffer cannot use the hole."""
    wanted = [Buffer("a", 50, 0, 1), Buffer("b", 100, 1, 3), Buffer("c", 60, 2, 3)]
    placed = first_fit(wanted, 1)
    assert placed.starts == (0, 50, 150)
    assert placed.peak_bytes == 210


def test_a_buffer_read_in_the_step_that_writes_another_still_lives() -> None:
    wanted = [Buffer("in", 64, 0, 1), Buffer("out", 64, 1, 2), Buffer("next", 64, 2, 3)]
    assert first_fit(wanted, 64).starts == (0, 64, 0)


def test_nothing_takes_nothing() -> None:
    placed = first_fit([], 64)
    assert (placed.peak_bytes, placed.peak_buffer, placed.starts) == (0, -1, ())
