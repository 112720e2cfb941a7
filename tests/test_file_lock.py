"""Locks that several hold together, against one who wants what they hold."""

from __future__ import annotations

from pathlib import Path

from dse.file_lock import in_use, only_one, unused


def test_several_use_what_nobody_may_then_take(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with in_use(lock), in_use(lock), unused(lock) as free:
        assert not free
    with unused(lock) as free:
        assert free
        with unused(lock) as again:
            assert not again
    with only_one(lock), unused(lock) as free:
        assert not free
