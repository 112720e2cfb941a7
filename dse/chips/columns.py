"""The columns of what every chip prices and judges, and where a chip's own are found."""

from __future__ import annotations

from importlib import import_module

from dse.columns import ChipColumns, Column

__all__ = ["COUNTS", "DEFAULT_CHIP", "TIMES", "VERDICT", "chip_columns"]

COUNTS = (
    Column("parameters", "Parameters", int, "count"),
    Column("macs", "Multiply-accumulates", int, "count"),
)
"""Of a network, on any chip; a chip's own figures follow."""

TIMES = (
    Column("latency_ms", "Latency", float, "ms"),
    Column("latency_ms_low", "Latency, at least", float, "ms"),
    Column("latency_ms_high", "Latency, at most", float, "ms"),
    Column("energy_mj", "Energy", float, "mj"),
    Column("deployable", "Deployable", bool),
)
"""One picture; deployable: the chip computes in this format."""

VERDICT = (
    Column("status", "Verdict"),
    Column("reason", "Limit"),
    Column("layer", "Layer"),
    Column("message", "Message"),
    Column("needed_bytes", "Needed", int, "bytes"),
    Column("allowed_bytes", "Allowed", int, "bytes"),
)
"""Whether it fits, and what keeps it from fitting."""

DEFAULT_CHIP = "k210"
"""Of targets that name none."""


def chip_columns(chip: str = DEFAULT_CHIP) -> ChipColumns:
    """The columns of the chip of that name: COLUMNS of `dse.chips.<name>.columns`."""
    found: ChipColumns = import_module(f"dse.chips.{chip}.columns").COLUMNS
    return found
