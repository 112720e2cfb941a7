"""A design's figures: numbers in, the same numbers drawn."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dse.study.columns import study_columns
from dse.views.dashboard import panel_figures


def test_the_learning_curve_draws_ap_and_loss(record: Any) -> None:
    curve = next(iter(record.curves.values()))
    ap, loss = panel_figures.learning_curve_figure(curve).data
    assert list(ap.y) == curve["val_ap"].to_list()
    assert list(loss.y) == curve["loss"].to_list()
    assert loss.yaxis == "y2"


def test_accuracy_shows_every_measured_format_and_the_kmodel() -> None:
    nan = float("nan")
    table = pd.DataFrame(
        {
            "format": ["kpu8", "Q6", "FP32"],
            "ap": [0.8, nan, 0.82],
            "ap_low": [0.75, nan, nan],
            "ap_high": [0.83, nan, nan],
            "kmodel_ap": [0.79, nan, nan],
        }
    )
    [dots] = panel_figures.accuracy_figure(table, study_columns()).data
    lines = ["FP32 <b>0.820</b>", "kpu8 <b>0.800</b>", "kmodel <b>0.790</b>"]
    assert (list(dots.y), list(dots.x)) == (lines, [0.82, 0.8, 0.79])
    assert list(dots.error_x.array) == pytest.approx([0, 0.03, 0])
    assert list(dots.error_x.arrayminus) == pytest.approx([0, 0.05, 0])


def test_formats_run_from_the_float_network_to_the_one_that_the_chip_runs() -> None:
    given = ["Q6", "kpu8", "unheard of", "FP32", "Q9", "Q6"]
    found = panel_figures.in_order(given, study_columns())
    assert found == ["FP32", "Q9", "Q6", "unheard of", "kpu8"]


def test_precision_over_recall_has_a_line_a_format() -> None:
    points = {"kpu8": [[0.5, 1.0, 0.9], [0.8, 0.7, 0.2]], "FP32": [[0.6, 1.0, 0.8]]}
    own, float_network = panel_figures.precision_recall_figure(points).data
    assert (list(own.x), list(own.y), list(own.customdata)) == ([0.5, 0.8], [1.0, 0.7], [0.9, 0.2])
    assert float_network.name == "FP32" and float_network.line.dash == "dot"


def test_the_empty_timeline_has_a_trace_for_each_row_and_place() -> None:
    figure = panel_figures.empty_timeline(["SRAM", "flash"], {"npu": "NPU", "cpu": "CPU"})
    parts = {tuple(trace.meta) for trace in figure.data}
    assert parts == {(r, p) for r in (0, 1, "time") for p in ("npu", "cpu")}
    assert {trace.yaxis for trace in figure.data if trace.meta[0] == "time"} == {"y3"}
