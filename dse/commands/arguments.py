"""Flags that several commands share, and the checks behind them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dse.network.weights_source import WEIGHTS
from dse.terminal import show

__all__ = [
    "add_json",
    "add_study",
    "add_target",
    "add_weights",
    "positive_float",
    "positive_int",
    "print_json",
    "table",
]


def positive_int(text: str) -> int:
    """A whole number from 1 on; argparse turns the error into a usage message."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def positive_float(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_target(parser: argparse.ArgumentParser) -> None:
    """--target, for commands without a study."""
    parser.add_argument(
        "--target", default="k210", help="a file of constraints/, or a path (default: k210)"
    )


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
    import json

    show(json.dumps(_plain(value), indent=1, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value != value else value


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
