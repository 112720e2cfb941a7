"""Tune's actor manager is another inside the block, and its own again behind it."""

from __future__ import annotations

import pytest
from ray.tune.execution import tune_controller

from dse.workers.ray_private import TolerantActorManager, every_death_survived

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def manager() -> object:
    return vars(tune_controller)["RayActorManager"]


@pytest.mark.parametrize("raises", [False, True])
def test_the_name_is_put_back(raises: bool) -> None:
    before = manager()
    assert before is not TolerantActorManager
    try:
        with every_death_survived():
            assert manager() is TolerantActorManager
            if raises:
                raise RuntimeError
    except RuntimeError:
        assert raises
    assert manager() is before
