"""Measure the AP of a trained design, or of a kmodel, on a data set."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dse.commands.arguments import add_json, add_study, print_json
from dse.errors import UsageError

if TYPE_CHECKING:
    from dse.data import DataSet
    from dse.evaluation import Evaluation

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse evaluate`."""
    parser.add_argument("design", help="best, a candidate, a trial number, a .kmodel or a bundle")
    parser.add_argument("--data", help="pictures (default: the study's evaluation pictures)")
    parser.add_argument("--study", help="default: the latest")
    parser.add_argument(
        "--pyramid", action="store_true", help="three scales (0.5, 1, 2), as in the paper"
    )
    add_study(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints AP on the pictures."""
    path = Path(options.design)
    is_file = path.suffix == ".kmodel" or (path / "model.kmodel").exists()
    found = _of_kmodel(path, options) if is_file else _of_training(options)
    if options.json:
        print_json(asdict(found))
        return 0
    square = "" if found.ap_square is None else f", against square boxes {found.ap_square:.4f}"
    print(f"AP {found.ap:.4f}{square}: {found.faces} faces in {found.images} pictures")
    return 0


def _of_kmodel(path: Path, options: argparse.Namespace) -> Evaluation:
    """In the simulator; files beside it say how its boxes are scaled, and which nncase made it."""
    from dse.evaluation import evaluate
    from dse.export import kmodel_predictor
    from dse.export.reading import made_by

    if options.pyramid:
        raise UsageError("a kmodel has one input size", "leave --pyramid out")
    file = path / "model.kmodel" if path.is_dir() else path
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", "name a .kmodel file or a bundle") from None
    scale, version = made_by(file)
    with kmodel_predictor(content, box_scale=scale, nncase_version=version) as predict:
        return evaluate(predict, predict.input_size, _pictures(options.data or "synthetic"))


def _of_training(options: argparse.Namespace) -> Evaluation:
    from dse.evaluation import evaluate, evaluate_pyramid
    from dse.search import find_study, load_study
    from dse.search.selection import choose_design, job_of, predictors_of
    from dse.space import Candidate

    record = load_study(find_study(options.results, options.study))
    candidate = Candidate.parse(choose_design(record, options.design)["candidate"])
    predict_at = predictors_of(record, candidate)
    data, size = _pictures(options.data or job_of(record).eval_data), candidate.input_size
    if options.pyramid:
        return evaluate_pyramid(predict_at, size, data)
    return evaluate(predict_at(size), size, data)


def _pictures(source: str) -> DataSet:
    from dse.data import open_data

    return open_data(source, "eval")
