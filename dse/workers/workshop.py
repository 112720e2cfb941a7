"""What a search needs to know about training: a table of functions, for tests to replace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dse.chips import Target
from dse.errors import StudyError
from dse.space import SearchSpace
from dse.study.options import SearchOptions
from dse.study.settings import StudySettings

__all__ = ["Workshop", "default_workshop", "workshop_for"]


@dataclass(frozen=True)
class Workshop:
    """describe(options) -> tables for study.toml: pictures with checksums, starting weights.

    make_job(options, settings, space) -> what every training of the study has in common, a
    `TravellingJob` where it shall run on a cluster; `settings` hold the target and what
    `describe` gave when the study was made. train, measure: see `Workbench`; they are
    functions of an importable module, as they travel to other processes by name. trainings: ids
    of those it can do; None: any.
    """

    describe: Callable[[SearchOptions], dict[str, Any]]
    make_job: Callable[[SearchOptions, StudySettings, SearchSpace], Any]
    train: Callable[..., Any]
    measure: Callable[..., Any]
    trainings: frozenset[str] | None = None

    def offered(self, space: SearchSpace) -> SearchSpace:
        """`space` without what cannot be done here. Raises StudyError if nothing is left."""
        if self.trainings is None:
            return space
        only = tuple(one.id for one in space.trainings() if one.id in self.trainings)
        if not only:
            raise StudyError(
                f"the table holds no training of the space '{space.name}'",
                "give --space the space that the table was made from",
            )
        return replace(space, only=only)


def default_workshop() -> Workshop:
    """The real one: `dse.workers.job`."""
    from dse.workers.job import measure_kmodel, run_training

    return Workshop(_describe, _make_job, run_training, measure_kmodel)


def workshop_for(options: SearchOptions) -> Workshop:
    """The real one, or the recorded table that `options` name. Raises as its reader does."""
    if options.replay is None:
        return default_workshop()
    from dse.workers.recorded import replay_workshop

    return replay_workshop(options.replay)


def _target(settings: StudySettings) -> Target | None:
    """None for one that another version wrote: AP of what is trained can still be measured."""
    try:
        return settings.make_target()
    except StudyError:
        return None


def _describe(options: SearchOptions) -> dict[str, Any]:
    """Opens every split once. Raises what the readers raise about pictures and weights."""
    from dse.network.weights_source import choose_source

    folder = str(options.weights_dir) if options.weights_dir else None
    source = choose_source(folder, options.weights or "auto")
    return {
        "training_pictures": _pictures(options.data, "train"),
        "validation_pictures": _pictures(options.data, "val"),
        "evaluation_pictures": _pictures(options.eval_data, "eval"),
        "starting_weights": {"source": source},
    }


def _pictures(source: str | None, split: Any) -> dict[str, Any]:
    from dse.data import open_data

    data = open_data(source or "", split)
    reasons: dict[str, int] = {}
    for skipped in data.skipped:
        reasons[skipped.reason] = reasons.get(skipped.reason, 0) + 1
    return {
        "source": data.source,
        "pictures": len(data),
        "faces": data.faces,
        "checksum": data.checksum,
        "skipped": reasons,
    }


def _make_job(options: SearchOptions, settings: StudySettings, space: SearchSpace) -> Any:
    from dse.training.recipe import Recipe
    from dse.workers.job import Job

    return Job(
        data=options.data or "",
        eval_data=options.eval_data or "",
        recipe=options.recipe or Recipe(),
        weights=settings.starting_weights.source,
        formats=space.format,
        cache=str(options.cache),
        target=_target(settings),
    )
