"""Account for a design layer by layer: memory, time, where it runs, and why."""

from __future__ import annotations

import argparse
from pathlib import Path

from dse.cli.arguments import (
    add_class_count,
    add_json,
    add_study,
    add_target,
    positive_int,
    print_json,
)
from dse.errors import UsageError
from dse.terminal import note, show

__all__ = ["add_arguments", "run"]

PICTURES = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse explain`."""
    parser.add_argument(
        "design",
        help="a candidate, a file of a network (.tflite, .keras, .h5, .onnx), or one for the chip",
    )
    parser.add_argument(
        "--figure",
        type=Path,
        metavar="FILE",
        help="draw memory and time, step by step: .html, or .png and .svg (with a Chromium)",
    )
    add_class_count(parser)
    add_target(parser)
    add_json(parser)
    trained = parser.add_argument_group("why the compiled file is less accurate than the network")
    trained.add_argument(
        "--quantization",
        action="store_true",
        help="noise and lost AP layer by layer, of a trained design of a study",
    )
    trained.add_argument("--study", help="default: the latest with weights")
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

    target = load_target(options.target)
    told = explain(options.design, target, classes=options.class_count)
    if options.figure:
        from dse.views.dashboard import write_explanation

        note(f"written: {write_explanation(told, options.figure)}")
    if options.json:
        print_json(told.as_dict())
    else:
        show(told.table())
    return 0


def _explain_quantization(options: argparse.Namespace) -> int:
    from dse.designs.quantization import explain_quantization

    if options.figure:
        raise UsageError("--quantization has no figure", "leave --figure out, or take --json")
    told = explain_quantization(
        options.design, options.pictures, study=options.study, results=options.results, say=note
    )
    if options.json:
        print_json(told.as_dict())
    else:
        show(told.table())
    return 0
