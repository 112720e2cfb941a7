"""Say what is installed here, what is missing and what to type; which firmwares there are.

A target for each firmware that a board may have, what it loads, and how to tell that it is yours.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dse.cli.arguments import add_json, add_study, print_json
from dse.terminal import show
from dse.text_table import format_table
from dse.versions import version_of

if TYPE_CHECKING:
    from dse.chips.abilities import Finding
    from dse.chips.target import Firmware

__all__ = ["add_arguments", "examine", "run"]

REQUIRED = ("tensorflow-cpu", "keras", "optuna", "numpy", "pandas", "plotly", "ray")
FREE_BYTES_WANTED = 2e9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse doctor`."""
    parser.add_argument("--weights-dir", metavar="DIR", help="folder of starting weights to check")
    add_study(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the findings; 1 where something is missing."""
    from dse.chips.profiles import known_firmwares

    findings = list(examine(options.results, options.weights_dir))
    well = all(finding.ok for finding in findings)
    firmwares = known_firmwares()
    if options.json:
        print_json(
            {
                "ok": well,
                "findings": [asdict(finding) for finding in findings],
                "firmwares": [asdict(firmware) for firmware in firmwares],
            }
        )
        return 0 if well else 1
    rows = [(f.name, "ok" if f.ok else "MISSING", f.found) for f in findings]
    header = ("what", "state", "found")
    show(format_table(header, rows, left=header, ruled=False))
    for finding in findings:
        if not finding.ok:
            show(f"{finding.name}: {finding.advice}")
    show("")
    show("Which firmware is on your board? Take its --target (docs/board.md has the steps):")
    show(_firmware_table(firmwares))
    return 0 if well else 1


def _firmware_table(firmwares: Sequence[Firmware]) -> str:
    header = ("--target", "loads", "you have it if, on the board,")
    rows = [(one.target, one.loads, one.recognised_by) for one in firmwares]
    return format_table(header, rows, left=header, ruled=False)


def examine(results: Path, weights_dir: str | None = None) -> Iterator[Finding]:
    """Looks at Python, packages, the compiler, weights, machine and disk."""
    import platform

    from dse.chips.abilities import Finding
    from dse.chips.registry import CHIPS, chip

    right = sys.version_info[:2] == (3, 10)
    yield Finding(
        "python",
        right,
        platform.python_version(),
        "one of the compilers needs Python 3.10: uv sync --python 3.10",
    )
    for package in REQUIRED:
        yield _package(package)
    for name in CHIPS:
        yield from chip(name).examine()
    yield _weights(weights_dir)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield Finding("machine", True, f"{os.cpu_count()} cores, {memory / 2**30:.0f} GiB of memory")
    yield _disk(results)


def _package(name: str) -> Finding:
    from dse.chips.abilities import Finding

    found = version_of(name)
    if found is None:
        return Finding(name, False, "not installed", "uv sync")
    return Finding(name, True, found)


def _weights(folder: str | None) -> Finding:
    from dse.chips.abilities import Finding
    from dse.errors import DseError
    from dse.network.weights_source import choose_source

    try:
        source = choose_source(folder)
        found = _weights_of(source)
    except DseError as error:
        return Finding("starting weights", False, str(error), error.hint)
    return Finding("starting weights", True, f"{source}: {found}")


def _weights_of(source: str) -> str:
    """What is there, read as far as that goes without TensorFlow, whose import takes longer than
    all the rest: only a folder of Keras' files needs it. Raises WeightsError."""
    if source == "imagenet":
        return "Keras' files, fetched when a search first needs them"
    if source == "shipped":
        return _shipped_weights()
    from dse.network.keras_starting_weights import load_starting_weights

    return load_starting_weights(source, 0.35).source


def _shipped_weights() -> str:
    """Reads every file of the package. Raises WeightsError."""
    from dse.errors import WeightsError
    from dse.network import weights_file

    hint = "reinstall the package, or give --weights-dir"
    files = sorted((Path(weights_file.__file__).parent / "weights").glob("*.npz"))
    for file in files:
        weights_file.read_weights(file, hint)
    if not files:
        raise WeightsError("the package holds no weights", hint)
    return f"dse's own, {len(files)} files"


def _disk(results: Path) -> Finding:
    import shutil

    from dse.chips.abilities import Finding

    existing = next(
        path for path in (results.resolve(), *results.resolve().parents) if path.exists()
    )
    free = shutil.disk_usage(existing).free
    return Finding(
        "disk",
        free > FREE_BYTES_WANTED,
        f"{free / 1e9:.0f} GB free for {results}",
        "free 2 GB there, or put studies elsewhere with --results",
    )
