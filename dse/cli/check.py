"""Say what a design costs and whether it fits, without training it.

A design is a candidate (A98-a0.5-224-kpu8), a network's file (.tflite, .keras, .h5, .onnx), or
a file that the chip of the target runs, whatever made it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.cli.arguments import add_class_count, add_json, add_target, print_json
from dse.errors import DseError, NothingFeasible, UsageError, VerificationFailed
from dse.terminal import note, note_error, show

if TYPE_CHECKING:
    from dse.chips import Target

__all__ = ["add_arguments", "run"]

EXIT_CODES = (
    "Exit codes: 0 at least one design fits, or holds an operation that no rule covers; "
    "3 none fits, or the compiler can compile none; 4 a file for the chip is damaged, or not what "
    "its name says; 2 a name means nothing; 1 a file cannot be read. Of several designs the others "
    "are still answered, and the first one in trouble decides. With --compile the compiler's "
    "verdict counts, and 4 also says that it contradicts the prediction of at least one design, or "
    "that a compiled file computes something else than its network."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse check`."""
    parser.epilog = EXIT_CODES
    parser.add_argument(
        "designs",
        nargs="+",
        metavar="DESIGN",
        help="a candidate, a file of a network (.tflite, .keras, .h5, .onnx), or one for the chip",
    )
    parser.add_argument(
        "--space", default="mobilenetv2_face", help="where to look for the nearest that fits"
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="ask the real compiler too, and try what it makes of a file; some seconds a design",
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="PATH",
        help="with --compile: a folder with pictures, or one, to try a file on (default: noise)",
    )
    add_class_count(parser)
    add_target(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints a row for each design, with --compile the compiler's figures beside it."""
    from dse.chips import check_each, check_table, chip, load_target
    from dse.chips.subject import opened
    from dse.space import SearchSpace

    target = load_target(options.target)
    classes = options.class_count
    space = SearchSpace.load(options.space)
    names = list(opened(options.designs, chip(target.chip)))
    answers = check_each(names, target, space, classes=classes)
    errors = [one for one in answers if isinstance(one, DseError)]
    if len(answers) == len(errors) == 1:
        raise errors[0]
    rows = [one for one in answers if not isinstance(one, DseError)]
    if options.pictures and not options.compile:
        raise UsageError("--pictures are for --compile", "give both, or leave --pictures out")
    compared = _compile(rows, target, classes, options.pictures) if options.compile else []
    if options.json:
        print_json([_told(name, answer) for name, answer in zip(names, answers, strict=True)])
    elif rows:
        show("\n\n".join([check_table(rows, target), *compared]))
    for error in errors:
        note_error(error)
    return errors[0].exit_code if errors else _exit_code(rows)


def _told(name: str, answer: dict[str, Any] | DseError) -> dict[str, Any]:
    """An entry of `--json`."""
    if isinstance(answer, DseError):
        return {"candidate": name, "error": str(answer), "hint": answer.hint}
    return answer


def _compile(
    rows: list[dict[str, Any]], target: Target, classes: int, pictures: Path | None
) -> list[str]:
    """Adds `compiled` to each row; returns the comparisons as text."""
    from dse.chips import chip

    on = chip(target.chip)
    compiler = on.compiler(target)
    for row in rows:
        note(f"{compiler}: {row['candidate']}")
        row["compiled"] = on.compiled_row(row["candidate"], target, classes, pictures=pictures)
    return [on.compiled_text(row) for row in rows]


def _exit_code(rows: list[dict[str, Any]]) -> int:
    from dse.chips.verdict import MISCOMPILED, REFUSED, REJECTED

    compiled = [row.get("compiled") or row for row in rows]
    if any(row.get("agrees") is False or row["verdict"] == MISCOMPILED for row in compiled):
        return VerificationFailed.exit_code
    fits = any(row["verdict"] not in (REJECTED, REFUSED) for row in compiled)
    return 0 if fits else NothingFeasible.exit_code
