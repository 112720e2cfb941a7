"""`dse check`: stable fields, and a text that says what to do."""

from pathlib import Path

import pytest

from dse.chips import check_each, check_rows, check_table, load_target
from dse.chips.k210.compiler.tflite import random_tflite
from dse.errors import UsageError
from dse.space import SearchSpace
from tests.chips.networks import chain, depthwise

TARGET = load_target("k210")
SPACE = SearchSpace.load("mobilenetv2_face")
STABLE = {
    "candidate", "verdict", "reason", "layer", "parameters", "macs", "kmodel_bytes",
    "main_memory_bytes", "peak_kpu_bytes", "latency_ms", "latency_ms_low", "latency_ms_high",
    "energy_mj",
}  # fmt: skip


def test_rows_have_the_promised_fields() -> None:
    accepted, rejected = check_rows(["A98-a0.5-224", "A98-a0.75-224-kpu8"], TARGET, SPACE)
    assert set(accepted) >= STABLE
    assert (accepted["verdict"], accepted["reason"], accepted["nearest"]) == (
        "accepted",
        None,
        None,
    )
    assert accepted["kmodel_bytes"] == 276_880
    assert (rejected["verdict"], rejected["reason"]) == ("rejected", "kpu_memory")
    assert rejected["layer"] == "block_1_depthwise"
    assert rejected["nearest"] == "A98-a0.5-224-kpu8"


def test_without_a_space_no_neighbour_is_looked_for() -> None:
    (row,) = check_rows(["A98-a0.75-224"], TARGET)
    assert row["nearest"] is None


def test_a_format_of_the_cpu_is_said_to_be_explored_only() -> None:
    (row,) = check_rows(["A98-a0.5-224-Q8"], TARGET)
    assert not row["deployable"]
    assert "explored only" in row["message"]


def test_the_table_shows_every_row_and_the_way_out() -> None:
    text = check_table(check_rows(["A98-a0.5-224", "A98-a0.75-224"], TARGET, SPACE), TARGET)
    lines = text.splitlines()
    assert lines[0].startswith("candidate")
    assert "accepted" in lines[2]
    assert "rejected" in lines[3]
    assert "nearest that fits: A98-a0.5-224-kpu8" in text
    assert "884,736 too many" in text


def test_a_wrong_name_does_not_lose_the_others() -> None:
    first, wrong, last = check_each(["A98-a0.5-224", "nonsense", "P5-a1-256"], TARGET)
    assert isinstance(wrong, UsageError)
    assert [first, last] == check_rows(["A98-a0.5-224", "P5-a1-256"], TARGET)


def test_why_a_named_design_is_impossible_is_told() -> None:
    with pytest.raises(UsageError, match="at 320x240 pixels the map of A is not twice"):
        check_rows(["C98-a0.5-320x240"], TARGET)


K210S = {
    "k210": "P5-a1-256-kpu8 (7.1 ms without that), by its camera at no cost where that can scale",
    "k210-canmv": "by the firmware, in a time that nobody has measured",
    "k210-maixpy-full": "and some 16 for that: 24)",
}


@pytest.mark.parametrize("name", list(K210S))
def test_what_the_cameras_own_shape_saves_is_told(name: str) -> None:
    target = load_target(name)
    rows = check_rows(["P5-a1-256", "P5-a1-320x240"], target)
    *_, line = check_table(rows, target).splitlines()
    assert line.startswith("a camera of 320x240: nothing is resized for P5-a1-320x240-kpu8 (")
    assert K210S[name] in line
    for one in rows:
        assert "a camera of" not in check_table([one], target)


def test_a_wrong_name_is_an_error() -> None:
    with pytest.raises(UsageError):
        check_rows(["A98-a0.5-224", "nonsense"], TARGET)


def test_what_the_calibration_decides_is_said(tmp_path: Path) -> None:
    """A depthwise stride that the CPU takes: its range may be that of the whole map, or not."""
    graph = chain((32, 32, 3), depthwise("a", stride=2), depthwise("b"))
    path = tmp_path / "sliced.tflite"
    path.write_bytes(random_tflite(graph, seed=0))
    (row,) = check_rows([str(path)], load_target("k210"))
    assert row["range_dependent"] == ["a"]
    assert "conversions at a" in check_table([row], TARGET)


def test_classes_cost_channels() -> None:
    def channels(name: str, classes: int) -> int:
        (row,) = check_rows([name], TARGET, classes=classes)
        return int(row["parameters"])

    backbone = channels("P5-a1-256", 1) - 125 * 129
    assert channels("P5-a1-256-r5", 1) == backbone + 30 * 129
    assert channels("P5-a1-256-r5", 3) == backbone + 40 * 129
    assert channels("P5-a1-256", 3) == backbone + 175 * 129
    assert channels("P5-a1-256-b9", 3) == backbone + 63 * 129
