"""The small figures: numbers in, the same numbers drawn."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dse.study.columns import study_columns
from dse.views.dashboard import story
from dse.views.dashboard.frames import budget, study_tables


def test_hypervolume_has_a_step_for_each_training(record: Any) -> None:
    line = story.hypervolume_figure(record.history).data[0]
    assert list(line.x) == list(range(1, len(record.history) + 1))
    assert list(line.y) == record.history["hypervolume"].to_list()
    assert line.line.shape == "hv"
    timed = story.hypervolume_figure(record.history, "minutes").data[0]
    assert list(timed.x) == (record.history["elapsed_s"] / 60).round(2).to_list()
    assert list(timed.y) == list(line.y)


def test_the_budget_is_in_minutes(record: Any) -> None:
    spent = budget(study_tables(record).designs)
    bars = story.budget_figure(spent).data[0]
    assert [name.split(",")[0] for name in bars.y] == [
        "trained to the end",
        "stopped early",
        "failed",
    ]
    assert sum(bars.x) * 60 == spent["seconds"].sum()
    assert bars.y[1].endswith("<b>4</b>")


def test_reasons_are_escaped() -> None:
    bars = story.rejected_figure({"kpu_memory": 7, "<script>": 2}).data[0]
    assert list(bars.y) == ["kpu memory", "&lt;script&gt;"]
    assert list(bars.x) == [7, 2]


def test_shares_stand_in_their_cells() -> None:
    rows = [("latency_ms", "width", 0.6, 0.6, 0.6), ("ap", "input_size", 0.5, 0.4, 0.61)]
    rows += [("latency_ms", "input_size", 0.3, 0.3, 0.3), ("ap", "width", 0.1, 0.1, 0.1)]
    columns = ["objective", "parameter", "share", "low", "high"]
    heat = story.importance_figure(pd.DataFrame(rows, columns=columns), study_columns()).data[0]
    assert (list(heat.x), list(heat.y)) == (["alpha", "input size"], ["AP", "Latency"])
    assert [list(row) for row in heat.z] == [[0.1, 0.5], [0.6, 0.3]]
    assert heat.text[0][1].startswith("50%") and "40% to 61%" in heat.text[0][1]
    assert heat.text[1][0] == "60%"
