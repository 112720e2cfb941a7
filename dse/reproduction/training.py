"""The paper's networks trained by the search's own machinery: a study for each seed.

A study of this kind is a search in a space that lists what to train, on a target without
limits, with nothing stopped early. So it survives a kill, goes on with `--resume`, uses all
workers and opens in `dse dashboard`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w

from dse.errors import Interrupted, StudyError
from dse.files import make_folder, write_whole
from dse.reproduction.options import ReproductionOptions
from dse.reproduction.rows import trainings_of
from dse.search import StudyRecord, load_study, run_search
from dse.space import FORMATS, TRAINING_AXES, Training
from dse.study.folder import study_names
from dse.workers.backend import TrainingBackend

__all__ = ["train_networks", "write_space"]


def train_networks(
    options: ReproductionOptions, backend: TrainingBackend | None = None
) -> list[StudyRecord]:
    """Trains what the tables of `options` need; one finished study a seed, none without need.

    backend: how to train; by default the real thing. Raises what `run_search` raises,
    StudyError where a study exists already and `resume` is not set, or a training failed.
    """
    trainings = trainings_of(options.tables, options.input_size)
    if not trainings:
        return []
    known = set(study_names(options.results))
    seeds = range(options.seeds)
    if not options.resume:
        for name in (options.study(seed) for seed in seeds):
            if name in known:
                raise StudyError(
                    f"a study named '{name}' exists",
                    "go on with --resume, or give another folder with --results",
                )
    space = write_space(options.results / f"{options.name}.toml", trainings)
    return [_train(options, seed, trainings, space, known, backend) for seed in seeds]


def _train(
    options: ReproductionOptions,
    seed: int,
    trainings: Sequence[Training],
    space: Path,
    known: set[str],
    backend: TrainingBackend | None,
) -> StudyRecord:
    """The study of one seed, started or taken up, and read back."""
    request, run = options.search(seed, len(trainings), space)
    if run.study in known:  # what the space is stands in the study
        request, run = replace(request, space=None), replace(run, resume=True)
    try:
        run_search(request, run, backend)
    except Interrupted as stop:
        raise Interrupted(str(stop), "go on with the same command and --resume") from None
    record = load_study(options.results / options.study(seed))
    missing = {one.id for one in trainings} - {e.training.id for e in _complete(record)}
    if missing:
        raise StudyError(
            f"{record.name}: {', '.join(sorted(missing))} failed",
            "the journal has tracebacks; --resume tries again",
        )
    return record


def _complete(record: StudyRecord) -> list[Any]:
    return [entry for entry in record.entries if entry.state == "complete"]


def write_space(
    path: Path, trainings: Sequence[Training], formats: Sequence[str] = FORMATS
) -> Path:
    """The space of exactly these trainings, as the file `path`, which is returned."""
    axes: dict[str, list[Any]] = {
        axis: sorted({getattr(one, axis) for one in trainings}) for axis in TRAINING_AXES
    }
    table = {**axes, "format": list(formats), "only": [one.id for one in trainings]}
    make_folder(path.parent)
    write_whole(path, tomli_w.dumps(table))
    return path
