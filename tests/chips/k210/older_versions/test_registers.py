"""Registers of a layer for the old runtimes."""

from __future__ import annotations

from dse.chips.k210.older_versions.registers import registers_without_addresses


def test_interrupts_and_addresses_are_the_runtimes() -> None:
    given = [(1 << 64) - 1] * 12
    found = registers_without_addresses(given, to_main_memory=False, gaps=(1, 2, 3))
    assert found[0] == given[0] - 1
    assert [found[i] >> 32 for i in (4, 7, 5)] == [1, 2, 3]
    assert all(found[i] & 0xFFFFFFFF == 0xFFFFFFFF for i in (4, 5, 7))
    assert found[11] == given[11] - 1
    assert [found[i] for i in (1, 2, 3, 6, 8, 9, 10)] == [given[0]] * 7
    assert registers_without_addresses([0] * 12, to_main_memory=True)[11] == 1
