"""What `import dse` offers to a notebook or a program.

The commands do the same through the same functions. Everything takes names as the command line
does, and raises subclasses of `DseError` that say what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.api.study import Study
from dse.chips import Checked, Explanation, Target, load_target
from dse.chips import check as check_on
from dse.chips import explain as explain_on
from dse.defaults import SPACE, TARGET
from dse.space import Candidate, SearchSpace, Training

if TYPE_CHECKING:
    from dse.chips.abilities import ExportReport, VerifyReport
    from dse.designs.detecting import DetectionReport
    from dse.designs.evaluating import EvaluationReport

__all__ = [
    "check",
    "detect",
    "evaluate",
    "explain",
    "explore",
    "export",
    "open_study",
    "verify",
]

RESULTS = "results"
"""Where studies usually lie."""


def check(
    design: str | Path | Candidate | Training,
    target: str | Target = TARGET,
    space: str | SearchSpace | None = SPACE,
    *,
    classes: int = 1,
) -> Checked:
    """Prices a design and says whether a target can hold it, before anything is trained.

    Args:
        design: a candidate or its id ("A98-a0.5-224-kpu8"), a training or its id
            ("A98-a0.5-224", in the format that the chip computes in), the path of a float32
            `.tflite` file, or of a file that the target's chip runs as it is.
        target: a file of `constraints/` ("k210-maixpy-full"), the path of one, or a `Target`.
        space: where to look for the nearest design that fits; None: nowhere.
        classes: that a candidate tells apart.

    Returns:
        Cost (`cost.latency_ms` with its band, `cost.figures` in bytes), `verdict` with the limit,
        the layer and the bytes that are too many, `nearest`, and `fits`.

    Raises:
        UsageError: the name means nothing.
        InvalidFile: the file is no TensorFlow-Lite model.
        VerificationFailed: the chip's file is damaged, or none.
    """
    within = SearchSpace.load(space) if isinstance(space, str) else space
    return check_on(design, _target(target), within, classes=classes)


def explain(design: str | Path, target: str | Target = TARGET, *, classes: int = 1) -> Explanation:
    """Accounts for a design layer by layer: where it runs, why there, its time and memory.

    Args:
        design: as of `check`.
        target: as of `check`.
        classes: as of `check`.

    Returns:
        `table()` as text; `account.layers` and `account.steps` as rows; `as_dict()` with all.

    Raises:
        UsageError: the name means nothing.
        InvalidFile: the file is no TensorFlow-Lite model.
        VerificationFailed: the chip's file is damaged, or none.
    """
    return explain_on(str(design), _target(target), classes=classes)


def explore(
    budget: int = 50,
    target: str = TARGET,
    space: str | None = None,
    data: str | None = None,
    *,
    study: str | None = None,
    results: str | Path = RESULTS,
    resume: bool = False,
    workers: int | None = None,
    executor: str = "ray",
    **settings: Any,
) -> Study:
    """Searches a space for the designs that fit a target and detect best, as `dse search` does.

    Every candidate is priced first; only those that fit are trained.

    Args:
        budget: trainings to pay for at most.
        target: a file of `constraints/`, or the path of one.
        space: a file of `search_spaces/`, or the path of one; default that for faces, or for
            whatever else `data` shows.
        data: pictures, such as "voc:DIR" or "synthetic:200"; default synthetic scenes.
        study: name of the study; default the target's with a number.
        results: folder where studies lie.
        resume: go on with `study`, or with the latest; the other settings are the study's.
        workers: trainings at a time; default one a core.
        executor: "ray" (worker processes) or "inline" (in this process, one at a time).
        settings: others of `dse.search.SearchRequest`, such as `recipe`, `seed` or `replay`.

    Returns:
        The study, which is also on the disk.

    Raises:
        NothingFeasible: no design fits.
        StudyError: the study cannot be used as it is; another process may be writing it.
        Interrupted: by Ctrl-C, with all that is finished saved.
    """
    from dse.search import RunOptions, SearchRequest, run_search

    asked: dict[str, Any] = {"budget": budget, **settings}
    if not resume:
        asked |= {"target": target, "space": space, "data": data}
    run = RunOptions(
        results=Path(results),
        study=study,
        resume=resume,
        workers=workers,
        executor=executor,  # type: ignore[arg-type]  # RunOptions refuses others, in words
    )
    report = run_search(SearchRequest(**asked), run)
    return open_study(report.study, results)


def open_study(name: str | None = None, results: str | Path = RESULTS) -> Study:
    """Opens a study, finished or not.

    Args:
        name: its name, or the path of its folder; None: the latest with weights under `results`.
        results: folder where studies lie.

    Raises:
        UnknownName: there is none; the nearest names are told.
        InvalidFile: its study.toml is broken.
        CorruptJournal: a line of its journal is no record.
    """
    from dse.study.folder import find_study
    from dse.study.record import load_study

    return Study(load_study(find_study(Path(results), name)))


def export(
    design: str = "best",
    study: str | None = None,
    target: str | None = None,
    *,
    out: str | Path | None = None,
    prefer: str = "latency",
    results: str | Path = RESULTS,
) -> ExportReport:
    """Compiles a trained design, runs the file on the evaluation pictures, writes its bundle.

    Args:
        design: "best", a candidate, a trial number, or a detector that the package ships
            ("P5-a1-256").
        study: default the latest with weights.
        target: the firmware that it is for; default the study's.
        out: the folder; default export/DESIGN in the study.
        prefer: what "best" means: the fastest ("latency") or smallest ("size") design whose AP
            cannot be told from the highest, or the highest ("ap") whatever it costs.
        results: folder where studies lie.

    Raises:
        NothingFeasible: the target does not hold it.
        VerificationFailed: the file lost its accuracy; its bundle lies in "FOLDER.rejected".
        CompilerError: the chip's compiler refused it.
    """
    from dse.designs.exporting import export_design

    return export_design(
        design,
        study=study,
        results=Path(results),
        target=target,
        out=Path(out) if out else None,
        prefer=prefer,
    )


def evaluate(
    design: str | Path,
    data: str | None = None,
    *,
    study: str | None = None,
    results: str | Path = RESULTS,
) -> EvaluationReport:
    """Measures the average precision of a detector on pictures.

    Args:
        design: "best", a candidate, a trial number, a chip's file, a `.tflite` file, a bundle, or
            a detector that the package ships.
        data: pictures, as of `explore`; default the study's evaluation pictures.
        study: default the latest with weights.
        results: folder where studies lie.

    Returns:
        `ap` (0..1, at IoU 0.5), `result` with its interval, `point` with precision and recall.

    Raises:
        UsageError: the name means nothing.
        VerificationFailed: the file is not what its name says.
        DataError: no picture can be used.
    """
    from dse.designs.evaluating import evaluate_design

    return evaluate_design(str(design), data, study=study, results=Path(results))


def detect(
    design: str | Path,
    pictures: str | Path | Sequence[str | Path],
    *,
    score: float | None = None,
    study: str | None = None,
    results: str | Path = RESULTS,
) -> DetectionReport:
    """Finds objects on pictures that nobody has labelled.

    Args:
        design: as of `evaluate`.
        pictures: picture files, or folders of some.
        score: believe detections from here on (0..1), default the detector's own, or 0.5.
        study: default the latest with weights.
        results: folder where studies lie.

    Returns:
        `boxes()`, a row a box in picture pixels, and `pictures` with their detections.

    Raises:
        UsageError: the name means nothing.
        VerificationFailed: the file is not what its name says.
        DataError: there is no picture that can be read.
    """
    from dse.designs.detecting import detect_on

    places = [pictures] if isinstance(pictures, str | Path) else pictures
    return detect_on(
        str(design), [*map(Path, places)], score=score, study=study, results=Path(results)
    )


def verify(
    path: str | Path, data: str | None = None, target: str | Target | None = None
) -> VerifyReport:
    """Checks a bundle, or a bare file of a chip, independently of what wrote it.

    Args:
        path: the folder that `export` wrote, or a chip's file.
        data: pictures to measure AP on, too.
        target: what must hold it; default what it was made for.

    Returns:
        `ok`, `problems` (one sentence each) and `measured`.

    Raises:
        UsageError: there is nothing at `path`.
        CompilerError: the simulator that it needs cannot be had.
    """
    from dse.designs.verifying import verify_file

    return verify_file(Path(path), data, _target(target) if target else None)


def _target(target: str | Target) -> Target:
    return load_target(target) if isinstance(target, str) else target
