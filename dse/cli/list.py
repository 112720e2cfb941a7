"""List the studies: target, pictures, trainings, best design, whether its weights are there."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dse.cli.arguments import add_json, add_study, print_json
from dse.launcher import typed
from dse.terminal import note, note_error, show
from dse.text_table import format_table

if TYPE_CHECKING:
    from dse.study.listing import StudySummary

__all__ = ["add_arguments", "run"]

HEADER = ("study", "target", "data", "trained", "stopped", "best", "AP", "ms", "date", "weights")
RIGHT = {"trained", "stopped", "AP", "ms"}
WIDEST = 28


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `dse list`."""
    add_study(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Prints a line a study, the newest last; the exit code of the first that is broken."""
    from dse.study.listing import StudySummary, Unreadable, list_studies

    found = list(list_studies(options.results))
    broken = [one for one in found if isinstance(one, Unreadable)]
    whole = [one for one in found if isinstance(one, StudySummary)]
    whole.sort(key=lambda one: one.created)
    if options.json:
        print_json([*(one.as_dict() for one in whole), *(one.as_dict() for one in broken)])
    elif whole:
        show(_table(whole))
    else:
        note(f"no study in {options.results}: {typed('search')} makes one")
    for one in () if options.json else broken:
        note_error(one.error)
    return broken[0].error.exit_code if broken else 0


def _table(studies: Sequence[StudySummary]) -> str:
    return format_table(HEADER, [_cells(one) for one in studies], set(HEADER) - RIGHT, ruled=False)


def _cells(one: StudySummary) -> tuple[str, ...]:
    return (
        one.study,
        one.target,
        one.data if len(one.data) <= WIDEST else f"...{one.data[3 - WIDEST :]}",
        str(one.trained),
        str(one.stopped_early),
        one.best or "-",
        "-" if one.ap is None else f"{one.ap:.3f}",
        "-" if one.latency_ms is None else f"{one.latency_ms:.1f}",
        one.created[:10] or "-",
        _weights(one),
    )


def _weights(one: StudySummary) -> str:
    """What can be done with it, in a word or two."""
    there = "replay" if one.replay else "yes" if one.weights else "no"
    return f"{there}, searching" if one.searching else there
