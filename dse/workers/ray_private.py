"""Ray Tune's actor manager, which has no public name: the one place that reaches for it.

Ray's version is pinned.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray.air.execution._internal import RayActorManager
from ray.exceptions import RayActorError, RayTaskError
from ray.tune.execution import tune_controller

__all__ = ["every_death_survived"]


class TolerantActorManager(RayActorManager):
    """Takes every death of a worker for one.

    Ray says by errors of their own that a node was short of memory, or is gone; Tune's manager
    does not know them, and would end the whole search.
    """

    def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
        if not isinstance(exception, RayActorError | RayTaskError):
            exception = RayActorError(error_msg=str(exception))
        super()._actor_task_failed(tracked_actor_task, exception)


@contextmanager
def every_death_survived() -> Iterator[None]:
    """Tune runs that begin inside the block hand out the task of a worker again however it died.

    Tune takes its actor manager from the names of its own module, and offers no other way to give
    it one; the name stands for what it stood for when the block ends.
    """
    names: Any = tune_controller
    before, names.RayActorManager = names.RayActorManager, TolerantActorManager
    try:
        yield
    finally:
        names.RayActorManager = before
