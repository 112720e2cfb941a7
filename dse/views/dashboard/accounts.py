"""What is inside a design: its layers, its memory step by step, its precision over recall.

Plain values, short enough for the page to hold those of a hundred designs: a row is a list,
and words that repeat are numbers into a list of words.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dse.chips import Explanation, Target, chip, explain
from dse.columns import Limit
from dse.errors import DseError
from dse.study.settings import target_from
from dse.views.dashboard.frames import FLOAT, StudyTables

__all__ = ["MOST", "accounts", "chosen", "curve_points", "nearly_fitting", "target_of"]

MOST = 120
"""Designs of a study that the page explains: one takes 20 ms to account for, and 5 KB."""

MOST_REJECTED = 40
"""Rejected designs that it explains beside them."""

BUFFER = ("start_bytes", "size_bytes", "birth", "death")


def accounts(tables: StudyTables) -> dict[str, Any]:
    """`words` and `designs`: candidate id -> its account, for the `chosen` and `nearly_fitting`.

    Of an account, `steps` holds [layer, op, place, ms]; `memories` holds for each memory its
    limit in bytes and its buffers, [layer, place, *BUFFER]; `layers` holds [layer, where it runs,
    why, ms, bytes...]; `curves` holds `curve_points` of the design and of its float network, by
    format. Layers, operations, places and reasons are places in `words`. `memories` and `columns`
    beside them are titles: of each memory, with what its limit is, and of a layer's bytes.
    Of a study whose target was written by another version there are only the curves.
    """
    words: dict[str, int] = {}
    target = target_of(tables.settings)
    told = pd.concat([chosen(tables.designs), nearly_fitting(tables.designs, tables.limits)])
    designs = {
        str(row["candidate"]): {
            **(_account(str(row["candidate"]), target, words) if target else {}),
            "curves": _curves(tables.precision_recall, row),
        }
        for row in told.to_dict("records")
    }
    return {"words": list(words), "designs": designs, **_titles(told, target)}


def chosen(designs: pd.DataFrame, most: int = MOST) -> pd.DataFrame:
    """The measured designs that the page explains: deployable ones, the front first.

    Where nothing can be deployed, the others. Sorted and filled as in `StudyTables`.
    """
    measured = designs[designs["ap"].notna() & designs["state"].isin(("front", "dominated"))]
    usable = measured[measured["deployable"]]
    return (measured if usable.empty else usable).head(most)


def nearly_fitting(
    designs: pd.DataFrame, limits: Sequence[Limit], most: int = MOST_REJECTED
) -> pd.DataFrame:
    """The rejected designs of a deployable format that miss the target's memory by the least."""
    rejected = designs[(designs["state"] == "rejected") & designs["deployable"]]
    shares = pd.DataFrame({n: rejected[one.column] / one.value for n, one in enumerate(limits)})
    return rejected.loc[shares.max(axis="columns").sort_values(kind="stable").index[:most]]


def curve_points(curve: pd.DataFrame) -> list[list[float]]:
    """[recall, precision, score] where each hundredth of recall is first reached, and the end."""
    if curve.empty:
        return []
    hundredths = (100 * curve["recall"]).round()
    kept = curve[~hundredths.duplicated() | (curve.index == curve.index[-1])]
    points: list[list[float]] = kept[["recall", "precision", "score"]].round(3).to_numpy().tolist()
    return points


def target_of(settings: Mapping[str, Any]) -> Target | None:
    """The target of a study; None where another version wrote it, with other constants."""
    try:
        return target_from(settings["target"])
    except (DseError, KeyError):
        return None


def _titles(told: pd.DataFrame, target: Target | None) -> dict[str, Any]:
    """What memories and columns are called: the same for all designs of a chip."""
    if target is None or told.empty:
        return {"memories": [], "columns": [], "places": {}}
    account = _explained(str(told["candidate"].iloc[0]), target).account
    return {
        "memories": [{"title": one.title, "limit": one.limit} for one in account.memories],
        "columns": [title for title, field in account.columns.items() if _is_shown(field)],
        "places": dict(chip(target.chip).places),
    }


def _is_shown(field: str) -> bool:
    return field.endswith("_bytes")


@functools.lru_cache(maxsize=2 * (MOST + MOST_REJECTED))
def _explained(name: str, target: Target) -> Explanation:
    """An account by the cost model, made once while a page follows a search."""
    return explain(name, target)


def _account(name: str, target: Target, words: dict[str, int]) -> dict[str, Any]:
    told = _explained(name, target).account

    def place_of(row: Mapping[str, Any], *fields: str) -> list[int]:
        return [words.setdefault(str(row[field]), len(words)) for field in fields]

    def buffers(rows: Sequence[Mapping[str, Any]]) -> list[list[int]]:
        return [[*place_of(row, "layer", "place"), *(row[n] for n in BUFFER)] for row in rows]

    fields = ("latency_ms", *filter(_is_shown, told.columns.values()))
    return {
        "steps": [[*place_of(row, "layer", "op", "place"), row["ms"]] for row in told.steps],
        "memories": [
            {"limit_bytes": one.limit_bytes, "buffers": buffers(one.rows)} for one in told.memories
        ],
        "layers": [
            [*place_of(row, "layer", "runs_on", "why"), *(row[field] for field in fields)]
            for row in told.layers
        ],
    }


def _curves(known: Mapping[str, pd.DataFrame], row: Mapping[Any, Any]) -> dict[str, Any]:
    formats = dict.fromkeys((str(row["format"]), FLOAT))
    found = {name: known.get(f"{row['training']}-{name}") for name in formats}
    return {name: curve_points(curve) for name, curve in found.items() if curve is not None}
