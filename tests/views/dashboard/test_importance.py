"""Main effects that are known beforehand, and silence where nothing is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dse.views.dashboard.frames import study_tables
from dse.views.dashboard.importance import LEAST_TRAININGS, importance, main_effects

GRID = pd.DataFrame([(a, b) for a in range(4) for b in range(5)], columns=["a", "b"])


def test_additive_effects_share_the_whole_variance() -> None:
    values = (3 * GRID["a"] + GRID["b"]).to_numpy(dtype=float)
    shares = main_effects(GRID, values)
    expected = 9 * np.var(range(4)) / (9 * np.var(range(4)) + np.var(range(5)))
    assert shares == pytest.approx({"a": expected, "b": 1 - expected})


def test_pure_interplay_is_nobodys_share() -> None:
    centred = GRID - GRID.mean()
    shares = main_effects(GRID, (centred["a"] * centred["b"]).to_numpy())
    assert shares == pytest.approx({"a": 0, "b": 0})
    assert main_effects(GRID, np.ones(len(GRID))) == {"a": 0.0, "b": 0.0}


def test_costs_are_exact_and_ap_has_a_range(record: Any) -> None:
    found = importance(study_tables(record))
    assert found is not None and found.is_ap_told and found.trainings == 18
    shares = found.shares.set_index(["objective", "parameter"])
    ap = shares.loc["ap"]
    assert ap["share"].idxmax() == "input_size"
    assert (ap["low"] <= ap["share"]).all() and (ap["share"] <= ap["high"]).all()
    latency = shares.loc["latency_ms"]
    assert (latency["low"] == latency["high"]).all()
    assert shares.loc[("kmodel_bytes", "input_size"), "share"] == pytest.approx(0, abs=1e-6)
    assert shares.loc[("kmodel_bytes", "frozen_until"), "share"] < 0.1
    assert f"{found.candidates:,} candidates" in found.words()


def test_few_trainings_say_nothing_of_ap(record_maker: Any) -> None:
    found = importance(study_tables(record_maker(trained=8)))
    assert found is not None and not found.is_ap_told
    assert "ap" not in set(found.shares["objective"])
    assert f"it takes {LEAST_TRAININGS}" in found.words()


def test_an_ap_of_pure_luck_is_not_explained(record: Any) -> None:
    tables = study_tables(record)
    luck = np.random.default_rng(0).uniform(size=len(tables.designs))
    ap = tables.designs["ap"].where(tables.designs["ap"].isna(), luck)
    found = importance(replace(tables, designs=tables.designs.assign(ap=ap)))
    assert found is not None and not found.is_ap_told
    assert "not shown" in found.words()


def test_a_space_without_a_choice_has_no_importance(empty_record: Any) -> None:
    assert importance(study_tables(empty_record)) is None
