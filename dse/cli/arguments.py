"""Flags that several commands share, and the checks behind them."""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dse.defaults import TARGET
from dse.detection.heads import MOST_CLASSES
from dse.network.weights_source import WEIGHTS
from dse.plain import plain
from dse.terminal import show

__all__ = [
    "add_classes",
    "add_detector",
    "add_json",
    "add_study",
    "add_target",
    "add_weights",
    "count",
    "positive_float",
    "positive_int",
    "print_json",
    "seed",
    "share",
    "whole_between",
]

MOST = 1_000_000_000
LARGEST_SEED = 2**32 - 1
MOST_DIGITS = 10
SHOWN = 40
"""Digits that any of these numbers has, and signs of a wrong one that a message repeats."""


def whole_between(text: str, least: int, most: int) -> int:
    """The whole number that `text` says; argparse turns the error into a usage message."""
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else -1
    if not least <= value <= most:
        why = f"{text[:SHOWN]!r} is no whole number from {least} to {most}"
        raise argparse.ArgumentTypeError(why)
    return value


def positive_int(text: str) -> int:
    """A whole number from 1 on, as many as there can be of anything."""
    return whole_between(text, 1, MOST)


def count(text: str) -> int:
    """A whole number from 0 on."""
    return whole_between(text, 0, MOST)


def seed(text: str) -> int:
    """What every generator of random numbers takes as a seed."""
    return whole_between(text, 0, LARGEST_SEED)


def positive_float(text: str) -> float:
    """A number above 0."""
    return _number(text, "above 0", lambda value: 0 < value < math.inf)


def share(text: str) -> float:
    """A number from 0 to 1."""
    return _number(text, "from 0 to 1", lambda value: 0 <= value <= 1)


def _number(text: str, which: str, fits: Callable[[float], bool]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not fits(value):
        raise argparse.ArgumentTypeError(f"{text[:SHOWN]!r} is no number {which}")
    return value


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_target(parser: argparse.ArgumentParser) -> None:
    """--target, for commands without a study."""
    parser.add_argument(
        "--target", default=TARGET, help=f"a file of constraints/, or a path (default: {TARGET})"
    )


def add_classes(parser: argparse._ActionsContainer) -> None:
    """--classes and --merge: which classes of the pictures count."""
    parser.add_argument("--classes", metavar="A,B", help="only these (default: all)")
    parser.add_argument(
        "--merge",
        action="append",
        metavar="NEW=A,B",
        help="one class of several, such as face=with_mask,without_mask; may be repeated",
    )


def _class_count(text: str) -> int:
    return whole_between(text, 1, MOST_CLASSES)


def add_class_count(parser: argparse.ArgumentParser) -> None:
    """--class-count: what the head of a candidate tells apart."""
    parser.add_argument(
        "--class-count",
        type=_class_count,
        default=1,
        metavar="N",
        help="classes that a candidate tells apart (default: 1)",
    )


def add_detector(parser: argparse._ActionsContainer) -> None:
    """The detector that is run, as of `dse.designs.finding.find_detector`, and --study."""
    parser.add_argument(
        "design",
        help="best, a candidate, a trial number, a chip's or a .tflite file, a bundle, or a "
        "detector that the package ships, such as P5-a1-256",
    )
    parser.add_argument("--study", help="default: the latest with weights")


def add_study(parser: argparse._ActionsContainer) -> None:
    """--results: where the studies lie."""
    parser.add_argument(
        "--results",
        type=Path,
        default=Path(os.environ.get("DSE_RESULTS", "results")),
        help="folder of the studies (default: $DSE_RESULTS or ./results)",
    )


def add_weights(parser: argparse._ActionsContainer) -> None:
    """--weights-dir and --weights: where training starts from."""
    parser.add_argument(
        "--weights-dir", metavar="DIR", help="folder with Keras' MobileNetV2 files ($DSE_WEIGHTS)"
    )
    parser.add_argument(
        "--weights",
        choices=WEIGHTS,
        help="auto: the folder, Keras' download, the package's own, in this order",
    )


def print_json(value: Any) -> None:
    """One JSON object on stdout; numbers that are none become null."""
    show(json.dumps(plain(value), indent=1, allow_nan=False))
