"""Text tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.text_table import bytes_text, format_table


def test_columns_line_up() -> None:
    text = format_table(("name", "size"), [("a", "12"), ("longer", "3")], left=("name",))
    assert text.splitlines() == ["name    size", "------  ----", "a         12", "longer     3"]


def test_without_rows_only_the_head() -> None:
    assert format_table(("a", "b"), [], left=()) == "a  b\n-  -"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1023, "0.999 KiB"), (1024, "1 KiB"), (276_880, "270 KiB"),
     (1_490_944, "1.42 MiB"), (2_097_152, "2 MiB"), (-2048, "-2 KiB")],
)  # fmt: skip
def test_bytes(count: int, text: str) -> None:
    assert bytes_text(count) == text


@given(st.integers(0, 2**40))
def test_no_size_needs_an_exponent(count: int) -> None:
    assert "e+" not in bytes_text(count)
