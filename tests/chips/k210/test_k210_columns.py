"""What a target's constants allow, column by column."""

from __future__ import annotations

from typing import Any

import pytest

from dse.chips.k210.columns import COLUMNS


def test_limits_come_from_the_targets_constants() -> None:
    target = {"main_memory_bytes": 6 * 2**20, "kpu_memory_bytes": 2**21, "firmware_bytes": 2**20}
    limits = COLUMNS.limits(target)
    assert [(limit.column, limit.value) for limit in limits] == [
        ("main_memory_bytes", 5 * 2**20),
        ("main_memory_bytes", 6 * 2**20),
        ("peak_kpu_bytes", 2 * 2**20),
    ]
    assert limits[0].label == "5 MiB left by the firmware"
    assert {limit.column for limit in limits} <= {column.name for column in COLUMNS.costs}


@pytest.mark.parametrize("target", [{}, {"name": "other"}, {"firmware_bytes": 4}])
def test_a_target_without_constants_sets_no_limits(target: dict[str, Any]) -> None:
    assert COLUMNS.limits(target) == ()
