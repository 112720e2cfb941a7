"""Accounts for the page: which designs, what of them, and that nothing is lost or made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips import explain, load_target
from dse.views.dashboard.accounts import accounts, chosen, curve_points, nearly_fitting
from dse.views.dashboard.frames import study_tables

TARGET = load_target("k210")


@pytest.mark.slow
def test_an_account_says_what_explain_says(record: Any) -> None:
    found = accounts(study_tables(record))
    words = found["words"]
    name, account = next(iter(found["designs"].items()))
    told = explain(name, TARGET).as_dict()
    assert [words[step[0]] for step in account["steps"]] == [s["layer"] for s in told["steps"]]
    assert [step[3] for step in account["steps"]] == [step["ms"] for step in told["steps"]]
    for number, part in enumerate(("kpu", "data")):
        ends = [start + size for _, _, start, size, *_ in account["memories"][number]["buffers"]]
        peak = max(b["start_bytes"] + b["size_bytes"] for b in told[f"{part}_buffers"])
        assert max(ends) == peak
    assert sum(layer[3] for layer in account["layers"]) == pytest.approx(told["latency_ms"])
    assert [words[layer[2]] for layer in account["layers"]] == [r["why"] for r in told["layers"]]


def test_the_front_is_explained_first_and_only_measured_designs(record: Any) -> None:
    designs = study_tables(record).designs
    names = chosen(designs)["candidate"].to_list()
    measured = designs[designs["deployable"] & designs["ap"].notna()]
    assert set(names) == set(measured["candidate"])
    assert chosen(designs, most=3)["state"].to_list() == ["front"] * 3


@pytest.mark.slow
def test_rejected_designs_that_miss_by_the_least_are_explained_too(record: Any) -> None:
    tables = study_tables(record)
    rejected = tables.designs[tables.designs["state"] == "rejected"]
    limit = {one.column: one.value for one in reversed(tables.limits)}  # what firmware leaves

    def excess(rows: pd.DataFrame) -> pd.Series[float]:
        return pd.DataFrame({name: rows[name] / most for name, most in limit.items()}).max(axis=1)

    near = nearly_fitting(tables.designs, tables.limits, most=5)
    assert near["deployable"].all() and (near["state"] == "rejected").all()
    others = rejected[rejected["deployable"]].drop(near.index)
    assert len(near) == 5 and excess(near).max() <= excess(others).min()
    assert set(near["candidate"]) <= set(accounts(tables)["designs"])
    assert nearly_fitting(tables.designs, ()).empty


def test_where_nothing_is_deployable_the_others_are_explained(record: Any) -> None:
    designs = study_tables(record).designs.assign(deployable=False)
    assert len(chosen(designs)) > 0


def test_a_target_of_another_version_leaves_the_curves(record: Any) -> None:
    tables = replace(study_tables(record), settings={"target": {"name": "k210"}})
    found = accounts(tables)
    assert found["words"] == []
    assert all(list(account) == ["curves"] for account in found["designs"].values())
    assert all({"kpu8", "FP32"} >= set(a["curves"]) for a in found["designs"].values())


@pytest.mark.slow
def test_a_study_without_curves_has_none(record: Any) -> None:
    tables = replace(study_tables(record), precision_recall={})
    assert all(account["curves"] == {} for account in accounts(tables)["designs"].values())


@pytest.mark.slow
@given(st.lists(st.booleans(), min_size=1, max_size=400), st.integers(1, 500))
def test_a_curve_keeps_its_ends_and_stays_short(correct: list[bool], more: int) -> None:
    faces = sum(correct) + more
    hits = pd.Series(correct).cumsum()
    recall, rank = hits / faces, pd.Series(range(1, len(correct) + 1))
    curve = pd.DataFrame({"recall": recall, "precision": hits / rank, "score": 1 / rank})
    points = curve_points(curve)
    assert len(points) <= 102
    ends = curve.iloc[[0, -1]].round(3).to_numpy().tolist()
    assert [points[0], points[-1]] == ends
    assert curve_points(curve.iloc[:0]) == []
