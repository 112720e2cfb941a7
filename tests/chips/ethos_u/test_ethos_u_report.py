from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.ethos_u.report import Operation, Placed, read_report
from dse.errors import CompilerError
from tests.chips.ethos_u.report_texts import answer


def test_a_report_in_bytes_and_cycles() -> None:
    found = read_report(answer())
    assert (found.sram_bytes, found.flash_bytes, found.cycles) == (1536, 256, 1000)
    assert (found.weight_bytes, found.encoded_bytes, found.macs) == (300, 250, 7000)
    assert found.operations == (  # what is fused has no time of its own
        Operation("conv", "Conv2D", True, 900, 1500),
        Operation("odd", "Softmax", False, 0, 0),
        Operation("head", "Conv2D", True, 100, 700),
    )


def test_buffers_are_those_of_sram_and_live_as_long_as_operations() -> None:
    found = read_report(answer())
    assert found.buffers == (
        Placed("input", 0x100, 512, 0, 0),
        Placed("conv", 0, 256, 0, 2),
        Placed("WB_1", 0x300, 768, 2, 2),
    )
    assert read_report(answer(printed="")).buffers == ()


def test_why_something_is_on_the_cpu() -> None:
    assert read_report(answer()).reasons == (("odd", "IFM must be small"),)


@pytest.mark.parametrize("part", ["summary", "layers"])
@given(text=st.text(max_size=200))
def test_another_report_is_refused_in_words(part: str, text: str) -> None:
    try:
        read_report(answer(**{part: text}))
    except CompilerError as error:
        assert "none that dse can read" in str(error)
    else:
        assert part == "layers"  # no operations, as of an empty table
