"""`dse explain`: every layer has a row, and the costly ones a reason."""

import pytest

from dse.cost import Target, explain_rows, explain_table, price_candidate
from dse.space import Candidate

TARGET = Target.load("k210")


@pytest.mark.parametrize("name", ["A98-a0.5-224-kpu8", "C98-a0.35-96-kpu8", "B98-a0.5-160-FP32"])
def test_rows_add_up_to_the_cost(name: str) -> None:
    rows = explain_rows(name, TARGET)
    cost = price_candidate(Candidate.parse(name), TARGET).cost
    assert sum(row["latency_ms"] for row in rows) == pytest.approx(cost.latency_ms)
    assert sum(row["macs"] for row in rows) == cost.macs
    assert max(row["kpu_end_bytes"] for row in rows) == cost.peak_kpu_bytes


def reasons(name: str) -> dict[str, str]:
    return {row["layer"]: row["why"] for row in explain_rows(name, TARGET)}


def test_reasons() -> None:
    why = reasons("B98-a0.35-96")
    assert "full resolution" in why["Conv1"]
    assert "takes over the stride" in why["block_1_project"]
    assert "joined in float32" in why["block_2_add"]
    assert "on the CPU: 3x3 map" in why["block_14_add"]
    assert "every second pixel" in why["block_13_depthwise"]
    assert "pads it to 4x4" in why["block_14_expand"]
    assert "1280 channels" in why["Conv_1"]
    assert "1280 channels" in why["head"]
    assert why["block_3_expand"] == ""


def test_up_sampling_and_concatenation_are_the_cpus() -> None:
    rows = {row["layer"]: row for row in explain_rows("C98-a0.5-224", TARGET)}
    assert rows["upsample"]["runs_on"] == "cpu"
    assert rows["upsample"]["why"] == "the KPU has no such operation"


def test_where_layers_run() -> None:
    rows = {row["layer"]: row["runs_on"] for row in explain_rows("A98-a0.5-224", TARGET)}
    assert rows["block_3_expand"] == "kpu"
    assert rows["block_2_add"] == "kpu+cpu"
    assert set(row["runs_on"] for row in explain_rows("A98-a0.5-224-Q8", TARGET)) == {"cpu"}


def test_the_table_ends_with_the_sum() -> None:
    text = explain_table(explain_rows("A98-a0.5-224", TARGET))
    assert text.splitlines()[0].startswith("layer")
    assert "together" in text.splitlines()[-1]
    assert max(len(line) for line in text.splitlines()) < 220
