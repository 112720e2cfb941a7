"""The account of a network as text."""

from __future__ import annotations

from pathlib import Path

from dse.chips import explain, load_target
from tests.chips.k210.ir.operator_nets import Drawn
from tests.network.tflite_nets import OP

TARGET = load_target("k210")


def test_of_what_is_refused_no_figures_are_shown(tmp_path: Path) -> None:
    net = Drawn()
    net.relu6_conv("a", 8)
    net.plain(OP.ELU, "elu", [net.last], net.shape)
    net.graph(tmp_path)
    (path,) = tmp_path.glob("*.tflite")
    told = explain(str(path), TARGET)
    text = told.table()
    assert told.checked.verdict.status == "refused"
    assert "elu" in text and "16x16x8" in text
    assert " ms" not in text and "runs on" not in text and "%" not in text


def test_of_what_is_priced_they_are() -> None:
    text = explain("A98-a0.35-160", TARGET).table()
    assert " ms" in text and "runs on" in text
