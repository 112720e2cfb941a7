"""The columns of what every chip prices and judges; those of its own, a chip tells itself."""

from __future__ import annotations

from dse.columns import Column

__all__ = ["COUNTS", "TIMES", "VERDICT"]

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
