"""What a search is asked to do, and how its answers to 'which study is this?' are kept."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from msgspec import structs

from dse.errors import StudyError, UnknownName, UsageError
from dse.search.proposers import PROPOSERS
from dse.study.settings import SearchSettings
from dse.training.recipe import Recipe

__all__ = ["SearchOptions", "default_workers"]

EXECUTORS = ("ray", "inline")


@dataclass(frozen=True)
class SearchOptions:
    """Settings of `run_search`.

    The first group makes the study what it is: it is written to study.toml, and a resumed
    study keeps it (None: the default, or what the study says). A resumed study may be given
    another budget. The second group says only how this run goes about it.

    budget: trainings to pay for at most. Those stopped early count; failed ones do not, their
        places are given to other designs.
    target, space: names of a file in `constraints/`, `search_spaces/`, or paths of one's own.
    data, eval_data: sources as `dse.data.open_data` takes them; eval_data defaults to data.
    weights: starting weights, "auto", "imagenet" or "shipped"; weights_dir: a folder of them.
    early_stopping: end trainings that a finished design beats already, and the search when no
        design that is left is expected to add to the front.
    measure_kmodels: compile and simulate the front's designs at the end.
    replay: a table of recorded trainings (`dse.workers.recorded`) that stands in for training;
        its recipe and pictures are then the study's.
    warm_from: folders of studies whose finished trainings count here, too, at no cost.
    results: where studies lie; study: name of this one.
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

    budget: int | None = None
    target: str | None = None
    space: str | None = None
    data: str | None = None
    eval_data: str | None = None
    weights: str | None = None
    weights_dir: Path | None = None
    recipe: Recipe | None = None
    proposer: str | None = None
    seed: int | None = None
    early_stopping: bool | None = None
    measure_kmodels: bool | None = None
    replay: Path | None = None
    warm_from: tuple[Path, ...] | None = None

    results: Path = Path("results")
    study: str | None = None
    resume: bool = False
    executor: Literal["ray", "inline"] = "ray"
    ray_address: str | None = None
    storage: str | None = None
    workers: int | None = None
    time_limit_s: float | None = None
    verbose: bool = False
    command: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Raises UsageError for values that mean nothing."""
        if not (self.budget == 0 and self.warm_from):  # then it only looks at what there is
            _at_least_one("--budget", self.budget)
        _at_least_one("--workers", self.workers)
        if self.seed is not None:
            Recipe(seed=self.seed)
        if self.time_limit_s is not None and not self.time_limit_s > 0:
            raise UsageError(
                f"--time-limit {self.time_limit_s:g} is no time", "give seconds, above 0"
            )
        if self.executor not in EXECUTORS:
            raise UnknownName("executor", self.executor, EXECUTORS)
        if self.proposer is not None and self.proposer not in PROPOSERS:
            raise UnknownName("proposer", self.proposer, PROPOSERS)
        if self.ray_address is not None and self.ray_address.startswith("ray://"):
            raise UsageError(
                f"--ray-address {self.ray_address} is a Ray Client address",
                "run on a machine of the cluster and give 'auto', or HOST:6379",
            )

        if self.storage is not None and self.study is None:
            raise UsageError(
                "--storage needs the study's name in that database", "give one with --study"
            )
        if self.storage is not None and self.warm_from:
            raise UsageError(
                "--warm-from does not go with --storage",
                "take the trainings over in a search of its own",
            )

    @property
    def cache(self) -> Path:
        """Folder for what several studies share: scenes, features."""
        return Path(os.environ.get("DSE_CACHE") or self.results / ".cache").resolve()

    @property
    def results_flag(self) -> str:
        """What a command needs to find the study, where results are not in the usual place."""
        usual = self.results == SearchOptions().results
        return "" if usual else f" --results {self.results}"

    def with_defaults(self) -> SearchOptions:
        """A copy in which everything that makes the study is set."""
        set_here = {name: getattr(self, name) for name in DEFAULTS}
        chosen = {k: DEFAULTS[k] if v is None else v for k, v in set_here.items()}
        chosen["data"] = absolute_source(chosen["data"])
        chosen["eval_data"] = absolute_source(self.eval_data or chosen["data"])
        chosen["recipe"] = self.recipe or Recipe(seed=chosen["seed"])
        chosen["warm_from"] = tuple(path.resolve() for path in chosen["warm_from"])
        if self.replay is not None:
            chosen |= _of_the_table(self.replay, self.recipe)
        return replace(self, **chosen)

    def study_table(self) -> dict[str, Any]:
        """What makes the study, as plain values for study.toml. Call after `with_defaults`."""
        table = {name: getattr(self, name) for name in (*DEFAULTS, "eval_data")}
        folder = os.path.abspath(self.weights_dir) if self.weights_dir else None
        return {**table, "weights_dir": folder, "recipe": asdict(self.recipe or Recipe())}

    def continuing(self, study: SearchSettings) -> SearchOptions:
        """A copy with a study's own settings, as study.toml has them.

        Raises StudyError when this run asked for something else than the study's.
        """
        of_study: dict[str, Any] = {
            **{name: getattr(study, name) for name in (*DEFAULTS, "eval_data", "recipe")},
            "weights_dir": Path(study.weights_dir) if study.weights_dir else None,
            "replay": Path(study.replay) if study.replay else None,
            "warm_from": tuple(map(Path, study.warm_from)),
        }
        if self.budget is not None:
            of_study["budget"] = self.budget
        for name, value in of_study.items():
            asked = getattr(self, name)
            if name in ("data", "eval_data") and asked is not None:
                asked = absolute_source(asked)
            if name == "replay" and asked is not None:
                asked = asked.resolve()
            if name == "warm_from" and asked is not None:
                asked = tuple(path.resolve() for path in asked)
            if asked is not None and asked != value:
                raise StudyError(
                    f"the study was made with {name} = {value}, not {asked}",
                    "leave the setting out to go on, or start a new study",
                )
        return replace(self, **of_study)


DEFAULTS: dict[str, Any] = {
    one.name: one.default
    for one in structs.fields(SearchSettings)
    if one.name not in ("eval_data", "recipe", "weights_dir")
}


def _of_the_table(path: Path, asked: Recipe | None) -> dict[str, Any]:
    """Settings that a replayed study has from its table.

    Raises as `RecordedTable.load`, and UsageError for another recipe than the table's; the
    seed is the search's alone.
    """
    from dse.workers.recorded import RecordedTable

    table = RecordedTable.load(path)
    seed = table.recipe.seed
    if asked and replace(asked, seed=seed) not in (table.recipe, Recipe(seed=seed)):
        raise UsageError(
            f"the trainings of {path} were done with another recipe",
            "leave --epochs, --views, --pictures and --loss out with --replay",
        )
    return {
        "replay": path.resolve(),
        "recipe": table.recipe,
        "data": table.about["training_pictures"]["source"],
        "eval_data": table.about["evaluation_pictures"]["source"],
        "weights": table.about["starting_weights"]["source"],
        "measure_kmodels": False,
    }


def absolute_source(source: str) -> str:
    """A data source with its folder made absolute: workers run in folders of their own."""
    kind, colon, rest = source.partition(":")
    folder = Path(rest).expanduser()
    return f"{kind}:{folder.resolve()}" if colon and os.path.isdir(folder) else source


def default_workers() -> int:
    """One worker a core, at most eight: small networks do not fill more threads."""
    return min(available_cores(), 8)


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _at_least_one(flag: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise UsageError(f"{flag} {value} leaves nothing to do", "give 1 or more")
