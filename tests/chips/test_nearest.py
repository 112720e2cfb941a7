"""The nearest fit: it fits, it is near, it keeps the format."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.chips import load_target, nearest_fit, price_candidate
from dse.chips.k210.target import K210Target
from dse.space import Candidate, SearchSpace

TARGET = load_target("k210")
SPACE = SearchSpace.load("mobilenetv2_face")


@pytest.mark.slow
@given(st.sampled_from([one for one in SPACE if one.format in ("kpu8", "FP32")]))
@settings(max_examples=20, deadline=None)
def test_it_fits_and_one_change_is_preferred(candidate: Candidate) -> None:
    near = nearest_fit(candidate, SPACE, TARGET)
    assert near is not None
    assert near.format == candidate.format
    assert price_candidate(near, TARGET).verdict.accepted
    if price_candidate(candidate, TARGET).verdict.accepted:
        assert near == candidate
    one_step = [
        other
        for other in SPACE.neighbours(candidate)
        if other.format == candidate.format and price_candidate(other, TARGET).verdict.accepted
    ]
    if near != candidate and one_step:
        assert near in one_step


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("A98-a0.75-224-kpu8", "A98-a0.5-224-kpu8"),
        ("C98-a0.5-288-kpu8", "C98-a0.5-256-kpu8"),
        ("A98-a0.5-500-kpu8", "A98-a0.5-256-kpu8"),  # a size that the space does not have
    ],
)
def test_known_ones(name: str, expected: str) -> None:
    near = nearest_fit(Candidate.parse(name), SPACE, TARGET)
    assert near is not None
    assert near.id == expected


def test_a_space_serves_formats_that_it_does_not_list() -> None:
    only = SearchSpace.of(
        "only",
        {
            "breakpoint": ["A"],
            "frozen_until": [98],
            "width": [0.5, 0.75],
            "input_size": [224],
            "format": ["FP32"],
        },
    )
    near = nearest_fit(Candidate.parse("A98-a0.75-224-kpu8"), only, TARGET)
    assert near is not None and near.id == "A98-a0.5-224-kpu8"


@pytest.mark.slow
def test_none_when_nothing_fits() -> None:
    tiny = replace(K210Target.load(), main_memory_bytes=1000)
    assert nearest_fit(Candidate.parse("A98-a0.5-224-kpu8"), SPACE, tiny) is None
