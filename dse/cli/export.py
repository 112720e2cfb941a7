"""Export a design as a bundle for the board: kmodel, TFLite, decoding parameters, model card.

The kmodel is run in the compiler's simulator on the evaluation pictures; one that lost its
accuracy is not handed out (exit code 4).
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dse.cli.arguments import add_json, add_study, print_json
from dse.designs.selection import LIMITS, PREFERENCES, parse_limit
from dse.errors import NothingFeasible
from dse.terminal import note, show_path

if TYPE_CHECKING:
    from dse.chips import Target
    from dse.chips.k210 import ExportReport
    from dse.designs.trained import TrainedDesign

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse export`."""
    parser.add_argument(
        "design",
        nargs="?",
        default="best",
        help="best, a candidate, a trial number, or a detector that the package ships, such as "
        "P5-a1-256",
    )
    parser.add_argument("--study", help="default: the latest")
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help=f"best within it, NAME one of {', '.join(LIMITS)}",
    )
    parser.add_argument("--prefer", choices=PREFERENCES, default="ap", help="what best means")
    parser.add_argument(
        "--target", help="the firmware it is for, a file of constraints/ (default: the study's)"
    )
    parser.add_argument(
        "--out", type=Path, help="folder (default: export/DESIGN[-TARGET] in the study)"
    )
    add_study(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Chooses, compiles, checks, writes; prints where the bundle lies."""
    from dse.chips import Target
    from dse.designs.trained import find_trained

    limits = [parse_limit(text) for text in options.limit]
    design = find_trained(options.design, options.results, options.study, limits, options.prefer)
    target = Target.load(options.target or design.study["target"])
    name = design.candidate.id + (f"-{target.name}" if options.target else "")
    report = _export(design, target, options.out or design.home / "export" / name)
    if options.json:
        print_json(asdict(report))
        return 0
    show_path(Path(report.path))
    note(f"kmodel {report.kmodel_bytes} B, AP {report.kmodel_ap:.3f} (network {report.ap:.3f})")
    note(f"check it: dse verify {report.path}")
    return 0


ESTIMATED = (
    "parameters", "macs", "latency_ms", "latency_ms_low", "latency_ms_high", "energy_mj",
    "peak_kpu_bytes",
)  # fmt: skip
"""What the cost model says in a bundle's manifest."""


def _export(design: TrainedDesign, target: Target, folder: Path) -> ExportReport:
    from dse.chips import price_candidate
    from dse.chips.k210 import export_bundle
    from dse.data.rendered import open_rendered
    from dse.network.detector import detector_graph
    from dse.workers.training_job import calibration_canvases

    candidate, job = design.candidate, design.job
    priced = price_candidate(candidate, target)
    if priced.cost.deployable and not priced.verdict.accepted:
        raise NothingFeasible(f"{candidate.id}: {priced.verdict.message}")
    note(
        f"{candidate.id}: nncase {target.nncase_version} for {target.title}, "
        "then the kmodel on the evaluation pictures"
    )
    return export_bundle(
        folder,
        candidate,
        detector_graph(candidate.training),
        design.weights,
        calibration_canvases(job, candidate.training.input_size),
        open_rendered(job.eval_data, "eval", Path(job.cache)),
        estimate={name: getattr(priced.cost, name) for name in ESTIMATED},
        study=design.study,
        target=target,
    )
