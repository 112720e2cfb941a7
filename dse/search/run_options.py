"""How one run goes about a search: where, on what, for how long. No result depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dse.defaults import RESULTS
from dse.errors import UnknownName, UsageError

__all__ = ["RunOptions"]

EXECUTORS = ("ray", "inline")


@dataclass(frozen=True)
class RunOptions:
    """results: where studies lie; study: name of this one.
    resume: go on with `study`, or with the latest.
    executor: "ray" (worker processes) or "inline" (this process, one task at a time).
    ray_address: a running cluster, "host:port" or "auto"; its machines share no disk.
    storage: URL of a database, where the record of `study` is instead of in its folder, so that
        several drivers can work on it; each keeps the files of its own trainings.
    workers: tasks at a time. time_limit_s: after it no training starts, and those running
        are left at their next epoch, to be continued with `resume`.
    verbose: Ray's own messages on stderr, too.
    command: the command line, for the record.
    """

    results: Path = RESULTS
    study: str | None = None
    resume: bool = False
    executor: Literal["ray", "inline"] = "ray"
    ray_address: str | None = None
    storage: str | None = None
    workers: int | None = None
    time_limit_s: float | None = None
    verbose: bool = False
    command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises UsageError for values that mean nothing."""
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"--workers {self.workers} leaves nothing to do", "give 1 or more")
        if self.time_limit_s is not None and not self.time_limit_s > 0:
            raise UsageError(
                f"--time-limit {self.time_limit_s:g} is no time", "give seconds, above 0"
            )
        if self.executor not in EXECUTORS:
            raise UnknownName("executor", self.executor, EXECUTORS)
        if self.ray_address is not None and self.ray_address.startswith("ray://"):
            raise UsageError(
                f"--ray-address {self.ray_address} is a Ray Client address",
                "run on a machine of the cluster and give 'auto', or HOST:6379",
            )
        if self.storage is not None and self.study is None:
            raise UsageError(
                "--storage needs the study's name in that database", "give one with --study"
            )

    @property
    def results_flag(self) -> str:
        """What a command needs to find the study, where results are not in the usual place."""
        return "" if self.results == RESULTS else f" --results {self.results}"
