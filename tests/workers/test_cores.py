from __future__ import annotations

import os

import pytest

from dse.workers.cores import available_cores, default_workers


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (4, 4), (64, 8)])
def test_one_worker_a_core_and_eight_at_most(
    monkeypatch: pytest.MonkeyPatch, cores: int, workers: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)))
    assert available_cores() == cores and default_workers() == workers
