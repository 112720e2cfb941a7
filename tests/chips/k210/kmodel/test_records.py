from __future__ import annotations

import struct
from dataclasses import dataclass

import pytest

from dse.chips.k210.kmodel.records import (
    FileArray,
    KpuAddress,
    Limits,
    Main,
    Margins,
    Range,
    Shape3,
    Shape4,
    Step,
    read_record,
)
from dse.errors import VerificationFailed


@dataclass(frozen=True)
class Every(Step):
    name = "every kind"
    place: Range
    shape: Shape4
    flat: Shape3
    count: int
    start: Main
    row: KpuAddress
    margins: Margins
    all: tuple[Margins, Margins, Margins, Margins]
    limits: Limits
    scale: float


CONTENT = b"??" + struct.pack(
    "<4I4i3iiII2i8i2ff", 1, 0, 64, 8, 1, 2, 3, 4, 5, 6, 7, -8, 9, 10, 11, -12, *range(8), -1.5, 2.5,
    0.25,
)  # fmt: skip


def test_fields_are_read_in_their_order() -> None:
    found = read_record(Every, CONTENT + b"rest", 2, len(CONTENT) + 4)
    assert found == Every(
        2, len(CONTENT) + 4, Range(1, 0, 64, 8), Shape4(1, 2, 3, 4), Shape3(5, 6, 7), -8, Main(9),
        KpuAddress(10), Margins(11, -12),
        (Margins(0, 1), Margins(2, 3), Margins(4, 5), Margins(6, 7)), Limits(-1.5, 2.5), 0.25,
    )  # fmt: skip
    assert found.rest == len(CONTENT)
    assert found.place.end == 72
    assert found.flat.chw == (7, 6, 5)


@pytest.mark.parametrize("end", [len(CONTENT) - 1, 2, 0])
def test_a_record_that_is_cut_off_is_refused(end: int) -> None:
    with pytest.raises(VerificationFailed, match="'every kind' at 2 is cut off"):
        read_record(Every, CONTENT, 2, end)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(VerificationFailed, match="no number"):
        read_record(Every, CONTENT[:-4] + struct.pack("<f", float("nan")), 2, len(CONTENT))


def test_arrays_know_where_they_end() -> None:
    assert FileArray("weights", "f4", 100, (3, 2)).end == 124
