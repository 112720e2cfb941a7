"""Export a design as a bundle for the board: kmodel, TFLite, decoding parameters, model card.

The kmodel is run in the compiler's simulator on the evaluation pictures; one that lost its
accuracy is not handed out (exit code 4).
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.commands.arguments import add_json, add_study, note, print_json
from dse.errors import NothingFeasible
from dse.search.selection import LIMITS, PREFERENCES, choose_design, job_of, parse_limit

if TYPE_CHECKING:
    from dse.search.record import StudyRecord

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse export`."""
    parser.add_argument(
        "design", nargs="?", default="best", help="best, a candidate or a trial number"
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
    from dse.search import find_study, load_study

    limits = [parse_limit(text) for text in options.limit]
    record = load_study(find_study(options.results, options.study))
    row = choose_design(record, options.design, limits, options.prefer)
    design = row["candidate"]
    name = f"{design}-{Path(options.target).stem}" if options.target else design
    report = _export(record, design, options.target, options.out or record.path / "export" / name)
    if options.json:
        print_json(asdict(report))
        return 0
    print(report.path)
    note(f"kmodel {report.kmodel_bytes} B, AP {report.kmodel_ap:.3f} (network {report.ap:.3f})")
    note(f"check it: dse verify {report.path}")
    return 0


def _export(record: StudyRecord, design: str, target_name: str | None, folder: Path) -> Any:
    from dse.cost import Target, price_candidate
    from dse.data import open_data
    from dse.export import export_bundle
    from dse.network.detector import detector_graph
    from dse.search.job import calibration_canvases, load_weights
    from dse.space import Candidate

    job, candidate = job_of(record), Candidate.parse(design)
    target = Target.load(target_name or record.settings["search"]["target"])
    priced = price_candidate(candidate, target)
    if priced.cost.deployable and not priced.verdict.accepted:
        raise NothingFeasible(f"{design}: {priced.verdict.message}")
    note(
        f"{design}: nncase {target.nncase_version} for {target.title}, "
        "then the kmodel on the evaluation pictures"
    )
    return export_bundle(
        folder,
        candidate,
        detector_graph(candidate.training),
        load_weights(record.path / "trainings" / candidate.training.id),
        calibration_canvases(job, candidate.input_size),
        open_data(job.eval_data, "eval"),
        estimate={
            name: getattr(priced.cost, name)
            for name in (
                "parameters",
                "macs",
                "latency_ms",
                "latency_ms_low",
                "latency_ms_high",
                "energy_mj",
                "peak_kpu_bytes",
            )
        },
        study={
            "name": record.name,
            "target": record.settings["search"]["target"],
            "trained_on": job.data,
            "starting_weights": job.weights,
        },
        target=target,
    )
