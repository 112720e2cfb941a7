"""The designs worth looking at first: the one to ship, the most accurate, the smallest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dse.errors import UsageError
from dse.space import Training
from dse.study.best_design import Choice, choose_among
from dse.views.dashboard.frames import StudyTables

__all__ = ["Pick", "picks"]


@dataclass(frozen=True)
class Pick:
    """A design worth looking at first, the rule that chose it, and the column that it is about.

    words: what it is, for people.
    """

    title: str
    rule: str
    candidate: str
    column: str
    words: str


@dataclass(frozen=True)
class _Training:
    id: str


@dataclass(frozen=True)
class _Design:
    """A row of the page's table, as `dse.study.best_design` judges it."""

    id: str
    training: _Training
    ap: float
    ap_low: float
    ap_high: float
    file_ap: float
    latency_ms: float
    file_bytes: float


def picks(tables: StudyTables) -> list[Pick]:
    """The design that `dse export best` takes, the most accurate and the smallest deployable one.

    A design that is two of these is shown once. Empty where nothing is deployable.
    """
    columns, rows = tables.columns, list(_usable(tables))
    fast, small = (choose_among(tables.path, rows, by) for by in ("latency", "size"))
    if fast is None or small is None:
        return []
    most = f"highest AP that the {columns.chip.accelerator} runs"
    which = "fastest and smallest" if fast.row.id == small.row.id else "fastest"
    found = [
        _pick("Ship this", _rule(which, fast), fast.row, "latency_ms"),
        _pick("Most accurate", most, fast.best, "shown_ap"),
        _pick("Smallest", _rule("smallest", small), small.row, columns.size.name),
    ]
    first: dict[str, Pick] = {}
    for pick in found:
        first.setdefault(pick.candidate, pick)
    return [*first.values()]


def _pick(title: str, rule: str, design: _Design, column: str) -> Pick:
    try:
        words = Training.parse(design.training.id).words
    except UsageError:  # a record of someone else's making
        words = ""
    return Pick(title, rule, design.id, column, words)


def _rule(which: str, choice: Choice[_Design]) -> str:
    if len(choice.equals) == 1:
        return "highest AP, and every other is lower"
    return f"{which} of {len(choice.equals)} whose AP cannot be told from the highest"


def _usable(tables: StudyTables) -> Iterator[_Design]:
    """The trained designs that the chip runs."""
    designs, columns = tables.designs, tables.columns
    usable = designs[designs["deployable"] & designs["ap"].notna()]
    usable = usable[usable["state"].isin(("front", "dominated"))]
    costs = [columns.file_ap.name, "latency_ms", columns.size.name]
    known = usable.dropna(subset=costs[1:])
    names = ["candidate", "training", "ap", "ap_low", "ap_high", *costs]
    for name, training, *numbers in known[names].itertuples(index=False):
        yield _Design(name, _Training(training), *numbers)
