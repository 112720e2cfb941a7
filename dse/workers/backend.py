"""What a search needs to know about training: a table of functions, for tests to replace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dse.chips import Target, chip
from dse.chips.registry import DEFAULT_CHIP
from dse.data.pictures import FACES
from dse.detection.heads import Heads
from dse.errors import DataError, StudyError
from dse.space import SearchSpace
from dse.study.provenance import SHARED
from dse.study.settings import PICTURES, SearchSettings, StudySettings

__all__ = [
    "TrainingBackend",
    "backend_for",
    "default_backend",
    "opened_pictures",
    "remarks_on",
    "replay_backend",
]


def _canonical(
    settings: SearchSettings, space: SearchSpace, classes: tuple[str, ...], cache: Path
) -> Heads:
    """Heads that no picture was looked at for."""
    return Heads(classes)


@dataclass(frozen=True)
class TrainingBackend:
    """describe(settings) -> tables for study.toml: pictures with checksums, starting weights.

    make_job(study, cache) -> what every training of the study has in common, a `ShippableJob`
    where it shall run on a cluster; cache: folder for what several studies share. train,
    measure: see `TaskRunner`; they are functions of an importable module, as they travel to
    other processes by name. trainings: ids of those it can do; None: any. heads(settings, space,
    classes, cache): the anchors that the space's heads need, once for the study.
    """

    describe: Callable[[SearchSettings], dict[str, Any]]
    make_job: Callable[[StudySettings, Path], Any]
    train: Callable[..., Any]
    measure: Callable[..., Any]
    trainings: frozenset[str] | None = None
    heads: Callable[[SearchSettings, SearchSpace, tuple[str, ...], Path], Heads] = _canonical

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


def default_backend() -> TrainingBackend:
    """The real one: `dse.workers.job`."""
    from dse.workers.job import measure_design, run_training

    return TrainingBackend(_describe, _make_job, run_training, measure_design, heads=_clustered)


def replay_backend(path: Path) -> TrainingBackend:
    """The one whose trainings are those of the table at `path`. Raises as its reader does."""
    from dse.study.recorded import RecordedTable
    from dse.workers.replay import RecordedJob, replay_compiled, replay_training

    table = RecordedTable.load(path)
    return TrainingBackend(
        describe=lambda settings: {part: table.about[part] for part in SHARED},
        make_job=lambda study, cache: RecordedJob(str(path)),
        train=replay_training,
        measure=replay_compiled,
        trainings=frozenset(table.outcomes),
    )


def backend_for(settings: SearchSettings) -> TrainingBackend:
    """The real one, or the recorded table that `settings` name. Raises as its reader does."""
    return default_backend() if settings.replay is None else replay_backend(Path(settings.replay))


def _describe(settings: SearchSettings) -> dict[str, Any]:
    """Opens every split once. Raises what the readers raise about pictures and weights."""
    from dse.network.weights_source import choose_source

    source = choose_source(settings.weights_dir, settings.weights)
    about = opened_pictures(settings)
    return {**about, "starting_weights": {"source": source}}


def opened_pictures(settings: SearchSettings) -> dict[str, dict[str, Any]]:
    """Tables of the pictures for study.toml. Raises what the readers raise, and DataError where
    those to evaluate on have other classes than those to train on."""
    about = {
        "training_pictures": _pictures(settings.data, "train"),
        "validation_pictures": _pictures(settings.data, "val"),
        "evaluation_pictures": _pictures(settings.eval_data, "eval"),
    }
    own, others = (about[part].get("classes") for part in (PICTURES[0], PICTURES[2]))
    if own != others:
        names, other_names = (", ".join(found or FACES) for found in (own, others))
        raise DataError(
            f"the pictures to evaluate on have the classes {other_names}, not {names}",
            "pick and name the same for both with --classes and --merge, or for one alone in its "
            "own name, as in voc:DIR?merge=face=NAME",
        )
    return about


def remarks_on(about: Mapping[str, Any]) -> list[str]:
    """What the reader of the pictures has to say, and how much it left out."""
    told: dict[str, None] = {}
    for part in PICTURES:
        pictures, name = about[part], part.replace("_", " ")
        told |= dict.fromkeys(f"{name}: {text}" for text in pictures.get("notes", ()))
        left_out = sum(pictures.get("skipped", {}).values())
        if left_out:
            why = f"'dse data {pictures['source']}' tells why"
            told[f"{name}: {left_out:,} pictures or boxes left out; {why}"] = None
    return list(told)


def _pictures(source: str, split: Any) -> dict[str, Any]:
    from dse.data import open_data
    from dse.data.reasons import by_reason

    data = open_data(source, split)
    return {
        "source": data.source,
        "pictures": len(data),
        "boxes": data.faces,
        "checksum": data.checksum,
        "skipped": by_reason(data.skipped),
        **({"notes": list(data.notes)} if data.notes else {}),
        **({"classes": list(data.classes)} if data.classes != FACES else {}),
    }


def _clustered(
    settings: SearchSettings, space: SearchSpace, classes: tuple[str, ...], cache: Path
) -> Heads:
    """Anchors of the training labels. Raises as the readers do."""
    from dse.workers.anchors import clustered_heads

    return clustered_heads(settings, space, classes, cache)


def _target(study: StudySettings) -> Target | None:
    """None for one that another version wrote: AP of what is trained can still be measured."""
    try:
        return study.make_target()
    except StudyError:
        return None


def _make_job(study: StudySettings, cache: Path) -> Any:
    from dse.workers.training_job import Job

    target = _target(study)
    every = study.search_space().format
    runs = chip(target.chip if target else DEFAULT_CHIP).formats
    later = [one for one in every if one not in runs] if study.search.measure_kmodels else []
    return Job(
        data=study.search.data,
        eval_data=study.search.eval_data,
        recipe=study.recipe,
        weights=study.starting_weights.source,
        formats=tuple(format for format in every if format not in later),
        cache=str(cache),
        target=target,
        heads=study.heads,
        front_formats=tuple(later),
    )
