"""Account for a design layer by layer: memory, time, where it runs, and why."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dse.cli.arguments import add_json, add_study, add_target, positive_int, print_json
from dse.errors import CompilerError, UsageError
from dse.terminal import note, show

if TYPE_CHECKING:
    from dse.chips.noise import QuantizationNoise
    from dse.space import Training
    from dse.study.record import StudyRecord
    from dse.workers.training_job import Job

__all__ = ["add_arguments", "run"]

PICTURES = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse explain`."""
    parser.add_argument("design", help="a candidate, a .tflite file or a file for the chip")
    parser.add_argument(
        "--figure",
        type=Path,
        metavar="FILE",
        help="draw memory and time, step by step: .html, or .png and .svg (with a Chromium)",
    )
    add_target(parser)
    add_json(parser)
    trained = parser.add_argument_group("why the compiled file is less accurate than the network")
    trained.add_argument(
        "--quantization",
        action="store_true",
        help="noise and lost AP layer by layer, of a trained design of a study",
    )
    trained.add_argument("--study", help="default: the latest")
    trained.add_argument(
        "--pictures",
        type=positive_int,
        default=PICTURES,
        help=f"evaluation pictures to follow through the layers (default: {PICTURES})",
    )
    add_study(trained)


def run(options: argparse.Namespace) -> int:
    """Prints the account, and draws it."""
    if options.quantization:
        return _explain_quantization(options)
    from dse.chips import explain, load_target

    told = explain(options.design, load_target(options.target))
    if options.figure:
        from dse.views.dashboard import write_explanation

        note(f"written: {write_explanation(told, options.figure)}")
    if options.json:
        print_json(told.as_dict())
    else:
        show(told.table())
    return 0


def _explain_quantization(options: argparse.Namespace) -> int:
    from dse.chips.noise import advice, noise_table
    from dse.designs.selection import choose_design, job_of
    from dse.search import find_study, load_study

    if options.figure:
        raise UsageError("--quantization has no figure", "leave --figure out, or take --json")
    record = load_study(find_study(options.results, options.study))
    row = choose_design(record, options.design)
    job, training = job_of(record), row.training
    note(f"{training.id}: following up to {options.pictures} pictures through every layer")
    noise, ap = _noise_and_ap(record, job, training, options.pictures)
    kmodel_ap = _file_ap(record, job, training)
    gap = noise.ap_float - noise.ap_model if kmodel_ap is None else ap - kmodel_ap
    account = {
        "design": training.id,
        "ap": ap,
        "kmodel_ap": kmodel_ap,
        "gap": gap,
        "costliest": noise.costliest.name,
        "advice": advice(noise, gap),
        **asdict(noise),
    }
    if options.json:
        print_json(account)
        return 0
    show(noise_table(noise))
    measured = "no compiled file" if kmodel_ap is None else f"compiled file {kmodel_ap:.4f}"
    show(f"\nAP on all evaluation pictures: network {ap:.4f}, {measured}")
    show(
        f"AP on these {noise.pictures} ({noise.faces} faces): network {noise.ap_float:.4f}, "
        f"model of the chip {noise.ap_model:.4f}"
    )
    worst = noise.costliest
    show(f"gap {100 * gap:.2f} points; most by {worst.name}: {100 * worst.ap_lost:.2f} alone")
    show(f"advice: {account['advice']}")
    return 0


def _noise_and_ap(
    record: StudyRecord, job: Job, training: Training, pictures: int
) -> tuple[QuantizationNoise, float]:
    """The account on some evaluation pictures, and AP of the float network on all."""
    from dse.chips import chip
    from dse.data import open_data
    from dse.evaluation import evaluate, prepare
    from dse.network.detector import detector_graph
    from dse.workers.job import load_weights
    from dse.workers.training_job import calibration_canvases

    graph, size = detector_graph(training), training.input_size
    weights = load_weights(record.path / "trainings" / training.id)
    calibration = calibration_canvases(job, size)
    few = prepare(open_data(job.eval_data, "eval", limit=pictures), size)
    on = chip(record.settings.make_target().chip)
    noise = on.noise(graph, weights, calibration, few)
    exact = on.model(graph, weights, "FP32", calibration)
    return noise, evaluate(exact, size, open_data(job.eval_data, "eval")).ap


def _file_ap(record: StudyRecord, job: Job, training: Training) -> float | None:
    """As kmodel.json has it, or measured now; None where the network does not compile."""
    from dse.workers.job import measure_compiled

    folder = record.path / "trainings" / training.id
    if not (folder / "kmodel.json").exists():
        note("compiling, then running the file on all evaluation pictures")
    try:
        return measure_compiled(job, training, folder).kmodel_ap
    except CompilerError as error:
        note(f"no compiled file: {error}")
        return None
