"""A study's record as plain tables: everything the page shows, before any drawing.

One row per candidate in `designs`; the other tables are derived from it or copied from the
record. Nothing here knows of Plotly or HTML.
"""

from __future__ import annotations

import shlex
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from dse.canvas import Canvas
from dse.columns import Limit
from dse.defaults import TARGET
from dse.launcher import typed
from dse.study.columns import StudyColumns
from dse.study.provenance import classes_of

__all__ = [
    "FLOAT",
    "STATES",
    "Record",
    "StudyTables",
    "budget",
    "explain_command",
    "export_command",
    "facts",
    "rejected_by_reason",
    "study_tables",
]

FLOAT = "FP32"
"""The format of the network as it was trained."""

STATES = ("front", "dominated", "stopped", "failed", "rejected")
"""What became of a candidate; `front` is decided by the study, over accepted candidates."""

_LANE_SPREAD = 0.7
"""Share of a lane's height over which its rejected candidates are spread."""


_FINE = ("target.", "search.recipe.")
_COARSE = ("target.name", "target.title")


class Record(Protocol):
    """What the page needs of a study. `dse.search` provides it.

    settings_table: study.toml, checked.
    curves: training id -> columns epoch, loss, val_ap, seconds, one row an epoch.
    precision_recall: candidate id -> columns recall, precision, score, by falling score.
    ap_by_class: candidate id -> AP of each class by its name, where there are several.
    history: columns trial, elapsed_s, hypervolume, one row a finished training.
    stopping: what early stopping did and what its audit says, a sentence or nothing.
    columns: of its tables, with its chip's. space: axes, costs, `status` and `deployable` of every
    candidate of the space.
    """

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def settings_table(self) -> Mapping[str, Any]: ...
    @property
    def curves(self) -> Mapping[str, pd.DataFrame]: ...
    @property
    def precision_recall(self) -> Mapping[str, pd.DataFrame]: ...
    @property
    def ap_by_class(self) -> Mapping[str, Mapping[str, float]]: ...
    @property
    def columns(self) -> StudyColumns: ...
    @property
    def history(self) -> pd.DataFrame: ...
    @property
    def stopping(self) -> str: ...
    def frame(self) -> pd.DataFrame: ...
    def space(self) -> pd.DataFrame: ...


@dataclass(frozen=True)
class StudyTables:
    """One study, ready to draw.

    columns: of its tables, with its chip's.
    designs: one row per candidate, and beside what a record's frame has: `shown_ap` (the AP it is
    drawn at: `ap`, or the validation AP reached by a training that was stopped), `measured` (the
    chip's file itself was run), `lane` (where a rejected candidate lies in the strip of reasons,
    else NaN).
    space: one row per candidate of the space, trained or not, with its costs.
    """

    name: str
    path: Path
    columns: StudyColumns
    designs: pd.DataFrame
    space: pd.DataFrame
    curves: Mapping[str, pd.DataFrame]
    precision_recall: Mapping[str, pd.DataFrame]
    ap_by_class: Mapping[str, Mapping[str, float]]
    history: pd.DataFrame
    stopping: str
    settings: Mapping[str, Any]
    limits: tuple[Limit, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """What the study finds."""
        return classes_of(self.settings)


def study_tables(record: Record) -> StudyTables:
    """`record` with its columns complete, typed and sorted: front first, then by AP."""
    return StudyTables(
        name=record.name,
        path=Path(record.path),
        columns=record.columns,
        designs=_designs(record.frame(), record.columns),
        space=record.space(),
        curves=record.curves,
        precision_recall=record.precision_recall,
        ap_by_class=record.ap_by_class,
        history=record.history,
        stopping=record.stopping,
        settings=record.settings_table,
        limits=_limits(record),
    )


def _limits(record: Record) -> tuple[Limit, ...]:
    """What the study's target allows, from the constants that its settings hold."""
    target = record.settings_table.get("target")
    return record.columns.chip.limits(target) if isinstance(target, Mapping) else ()


def _designs(frame: pd.DataFrame, columns: StudyColumns) -> pd.DataFrame:
    """Text first, then shapes and numbers; a column that the frame lacks is unknown in each row."""
    shown = columns.at("frame")
    text = [column.name for column in shown if column.kind is str]
    sizes = [column.name for column in shown if column.kind is Canvas]
    numbers = [column.name for column in shown if column.is_number]
    designs = frame.reindex(columns=[*text, *sizes, *numbers, "deployable"]).reset_index(drop=True)
    for name in text:
        designs[name] = designs[name].fillna("").astype(str)
    for name in sizes:
        designs[name] = _input_sizes(designs[name])
    for name in numbers:
        designs[name] = pd.to_numeric(designs[name], errors="coerce").astype("float64")
    designs["deployable"] = designs["deployable"].map(lambda value: value == 1).astype(bool)
    stopped = designs["state"] == "stopped"
    designs["shown_ap"] = designs["ap"].where(~stopped, designs["val_ap"])
    designs.loc[designs["state"] == "rejected", "shown_ap"] = float("nan")
    designs["measured"] = designs[columns.file_ap.name].notna()
    designs["lane"] = _lanes(designs)
    order = designs["state"].map({state: rank for rank, state in enumerate(STATES)})
    designs = designs.assign(_order=order.fillna(len(STATES)))
    keys, rising = ["_order", "shown_ap", "latency_ms", "candidate"], [True, False, True, True]
    return designs.sort_values(keys, ascending=rising).drop(columns="_order").reset_index(drop=True)


def _input_sizes(column: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers where every input is square, as in most studies; else text, "" where unknown."""
    sides = pd.to_numeric(column, errors="coerce")
    if sides.notna().equals(column.notna()):
        return sides.astype("float64")
    return column.fillna("").astype(str)


def _lanes(designs: pd.DataFrame) -> pd.Series[float]:
    """Lane of each rejected candidate's reason, plus a spread that its name decides."""
    lane_of = {reason: lane for lane, reason in enumerate(rejected_by_reason(designs))}
    rejected = designs[designs["state"] == "rejected"]
    spread = rejected["candidate"].map(
        lambda name: zlib.crc32(name.encode(errors="replace")) / 2**32 - 0.5
    )
    lanes = rejected["reason"].map(lane_of) + _LANE_SPREAD * spread
    return lanes.reindex(designs.index).astype("float64")


def rejected_by_reason(designs: pd.DataFrame) -> dict[str, int]:
    """Rejected candidates of each reason, the most frequent first."""
    rejected = designs.loc[designs["state"] == "rejected", "reason"]
    counts = rejected.value_counts()
    names = sorted(counts.index, key=lambda reason: (-counts[reason], reason))
    return {str(reason): int(counts[reason]) for reason in names}


def budget(designs: pd.DataFrame) -> pd.DataFrame:
    """Where the trainings went: columns fate, trainings, seconds; all three fates, always.

    A training counts once, however many formats it yields.
    """
    fates = {"front": "trained", "dominated": "trained", "stopped": "stopped", "failed": "failed"}
    trained = designs.assign(fate=designs["state"].map(fates)).dropna(subset="fate")
    once = trained.drop_duplicates("training")
    groups = once.groupby("fate")["seconds"]
    table = pd.DataFrame({"trainings": groups.size(), "seconds": groups.sum()})
    table = table.reindex(["trained", "stopped", "failed"], fill_value=0)
    return table.rename_axis("fate").reset_index()


def export_command(tables: StudyTables) -> str:
    """What exports a design of this study; `{candidate}` stands for its name."""
    results = tables.path.absolute().parent
    usual = results == Path("results").absolute()
    where = "" if usual else f" --results {shlex.quote(str(results))}"
    return typed(f"export {{candidate}} --study {shlex.quote(tables.name)}{where}")


def explain_command(tables: StudyTables) -> str:
    """What draws a design's memory and time; `{candidate}` stands for its name."""
    target = tables.settings.get("search", {}).get("target", TARGET)
    where = "" if target == TARGET else f" --target {shlex.quote(str(target))}"
    return typed(f"explain {{candidate}} --figure {{candidate}}.html{where}")


def facts(tables: StudyTables) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What made the study, as (name, value); nested settings become dotted names.

    The second list holds what few will ask for: the target's constants and the recipe.
    """
    known = dict(_flat(tables.settings))
    fine = {name for name in known if name.startswith(_FINE) and name not in _COARSE}
    found = [("study", tables.name), ("folder", f"{tables.path.parent.name}/{tables.path.name}")]
    found += [(name, value) for name, value in known.items() if name not in fine]
    return found, [(name, value) for name, value in known.items() if name in fine]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{key}.")
        elif isinstance(value, (list, tuple)):
            found.append((f"{prefix}{key}", ", ".join(map(str, value))))
        else:
            found.append((f"{prefix}{key}", str(value)))
    return found
