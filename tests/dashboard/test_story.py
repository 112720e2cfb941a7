"""The small figures: numbers in, the same numbers drawn."""

from __future__ import annotations

from typing import Any

from dse.dashboard import story
from dse.dashboard.frames import budget, study_tables


def test_hypervolume_has_a_step_for_each_training(record: Any) -> None:
    line = story.hypervolume_figure(record.history).data[0]
    assert list(line.x) == list(range(1, len(record.history) + 1))
    assert list(line.y) == record.history["hypervolume"].to_list()
    assert line.line.shape == "hv"


def test_the_budget_is_in_minutes(record: Any) -> None:
    spent = budget(study_tables(record).designs)
    bars = story.budget_figure(spent).data[0]
    assert list(bars.y) == ["trained to the end", "stopped early", "failed"]
    assert sum(bars.x) * 60 == spent["seconds"].sum()
    assert bars.text[1].startswith("4 in ")


def test_reasons_are_escaped() -> None:
    bars = story.rejected_figure({"kpu_memory": 7, "<script>": 2}).data[0]
    assert list(bars.y) == ["kpu memory", "&lt;script&gt;"]
    assert list(bars.x) == [7, 2]
