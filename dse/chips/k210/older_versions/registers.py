"""The registers of a layer of the accelerator, as the old runtimes want them."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["registers_without_addresses"]

INTERRUPT, KINDS, LOAD, CALCULATION, DMA = 0, 4, 5, 7, 11
"""Registers by number (`kpu_layer_argument_t`): those changed here."""

LOW_HALF = (1 << 32) - 1
"""The upper half of three registers is the address of a table; a runtime fills it in."""


def registers_without_addresses(
    registers: Sequence[int], *, to_main_memory: bool, gaps: tuple[int, int, int] = (0, 0, 0)
) -> list[int]:
    """Twelve registers of a layer, without interrupts and addresses.

    to_main_memory: its maps are sent there too. gaps: what version 4 keeps in place of the
    addresses of batch normalisation, activation table and weights.
    """
    found = list(registers)
    found[INTERRUPT] &= ~1
    for number, gap in zip((KINDS, CALCULATION, LOAD), gaps, strict=True):
        found[number] = found[number] & LOW_HALF | gap << 32
    found[DMA] = found[DMA] & ~1 | to_main_memory
    return found
