"""Cycles of the loops of older runtimes, from the times that these printed.

`dse.chips.k210.cost.older_loops` holds the figures, rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dse import resources
from dse.chips.k210.calibration.log_tables import read_measurements
from dse.chips.k210.target import K210Target
from dse.chips.target import Cycles

__all__ = ["printed_cycles"]

SPREAD = 0.8, 1.2
"""Around the printed times of one loop, as for the target's own transfers."""


def printed_cycles(runtime: str) -> Mapping[str, Cycles]:
    """Operation -> cycles a number written, as that runtime printed and as no rule is fitted to.

    What a printed time has beside it (a convolution whose result is written) is taken off.
    """
    chip = K210Target.load("k210")
    found: dict[str, list[float]] = {}
    for one in read_measurements(resources.folder("constraints") / "k210_times.csv"):
        if one.fitted or one.runtime != runtime:
            continue
        before = replace(one, ops=one.ops[:-1]).predicted_ms(chip) if one.ops[1:] else 0.0
        cycles = (one.ms - before) / 1e3 * one.cpu_clock_hz / one.elements
        found.setdefault(one.ops[-1], []).append(cycles)
    return {
        op: (SPREAD[0] * min(all_), sum(all_) / len(all_), SPREAD[1] * max(all_))
        for op, all_ in found.items()
    }
