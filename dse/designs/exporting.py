"""From a trained design to a bundle for the board."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dse.chips import Target, chip, load_target, price_candidate
from dse.defaults import RESULTS
from dse.designs.bundles import require_place
from dse.designs.selection import AtMost
from dse.errors import NothingFeasible, UsageError

if TYPE_CHECKING:
    from dse.chips.abilities import ExportReport
    from dse.designs.trained import TrainedDesign

__all__ = ["export_design"]


def export_design(
    design: str = "best",
    *,
    study: str | None = None,
    results: Path = RESULTS,
    target: str | None = None,
    out: Path | None = None,
    limits: Sequence[AtMost] = (),
    prefer: str = "latency",
    say: Callable[[str], None] = lambda words: None,
) -> ExportReport:
    """Compiles a trained design, runs the file on the evaluation pictures, and writes its bundle.

    design: as of `find_trained`; limits, prefer: what "best" means. target: the firmware that it
    is for, default the study's. out: the folder, default export/DESIGN[-TARGET] in the study.
    say: told what takes time.

    Raises NothingFeasible for a design that the target does not hold, VerificationFailed for a
    file that lost its accuracy, and what `require_place`, `find_trained` and `Chip.bundle` raise.
    """
    if out is not None:
        require_place(out)
    from dse.designs.trained import find_trained

    trained = find_trained(design, results, study, limits, prefer, say)
    board = load_target(target or trained.study["target"])
    name = trained.candidate.id + (f"-{board.name}" if target else "")
    folder = out or trained.home / "export" / name
    require_place(folder)
    return _bundle(trained, board, folder, say)


def _bundle(
    design: TrainedDesign, target: Target, folder: Path, say: Callable[[str], None]
) -> ExportReport:
    from dse.data.rendered import open_rendered
    from dse.network.detector import detector_graph
    from dse.workers.training_job import calibration_canvases

    candidate, job = design.candidate, design.job
    head = design.head
    runs = chip(target.chip)
    if candidate.format not in runs.formats:
        usual = candidate.training.in_format(runs.format)
        raise UsageError(f"{candidate.id} does not run on the chip", f"export {usual.id}")
    priced = price_candidate(candidate, target, len(head.classes))
    if priced.cost.deployable and not priced.verdict.accepted:
        raise NothingFeasible(f"{candidate.id}: {priced.verdict.message}")
    say(
        f"{candidate.id}: {target.toolchain or 'no compiler'} for {target.title}, "
        "then the file on the evaluation pictures"
    )
    return runs.bundle(
        folder,
        candidate,
        detector_graph(candidate.training, head),
        design.weights,
        calibration_canvases(job, candidate.training.input_size),
        open_rendered(job.eval_data, "eval", Path(job.cache)),
        estimate=priced.cost,
        study=design.study,
        target=target,
        head=head,
    )
