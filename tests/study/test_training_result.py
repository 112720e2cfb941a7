from __future__ import annotations

from typing import Any

from dse.study.training_result import CompiledMeasure, Outcome

OUTCOME: dict[str, Any] = {
    "training_id": "P5-a1-256", "epochs": 1, "stopped": False, "seconds": 1.0, "val_ap": 0.5,
    "ap": {"kpu8": 0.5}, "ap_square": {"kpu8": None}, "curve": [],
}  # fmt: skip


def test_of_one_class_nothing_is_kept_of_classes() -> None:
    assert "ap_by_class" not in Outcome(**OUTCOME).to_json()
    told = CompiledMeasure(0.5, None, 1000, 1.0).to_json()
    assert "file_ap_by_class" not in told and told["kmodel_ap"] == 0.5


def test_of_several_each_is_kept() -> None:
    each = {"cat": 0.8, "owl": None}
    assert Outcome(**OUTCOME, ap_by_class={"kpu8": each}).to_json()["ap_by_class"] == {"kpu8": each}
    measure = CompiledMeasure(0.8, None, 1000, 1.0, file_ap_by_class=each)
    assert measure.to_json()["file_ap_by_class"] == each
