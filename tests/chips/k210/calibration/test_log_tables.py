"""CSV and JSON lines: both give the same measurements, and say which line is wrong."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.calibration.board_run import BoardRun
from dse.chips.k210.calibration.log_tables import (
    COLUMNS,
    csv_rows,
    is_header,
    json_row,
    measured_row,
)
from dse.chips.k210.calibration.measurement import Measurement, NetworkTime
from dse.chips.k210.target import K210Target
from dse.errors import InvalidFile

LOG = Path("board.log")
ROW = {
    "ops": "kpu_conv+download", "kernel": "3", "height": "30", "width": "40",
    "input_channels": "8", "output_channels": "16", "weight_bits": "8", "ms": "1.25",
    "kpu_mhz": "300", "cpu_mhz": "500", "runtime": "0.2", "fitted": "yes", "source": "mine",
}  # fmt: skip


@pytest.fixture(scope="module")
def run() -> BoardRun:
    return BoardRun.begin(LOG, K210Target.load("k210"))


def test_a_row_is_an_operation(run: BoardRun) -> None:
    one = measured_row(run, ROW, 2)
    assert isinstance(one, Measurement)
    assert (one.ops, one.kernel, one.ms) == (("kpu_conv", "download"), 3, 1.25)
    assert (one.kpu_clock_hz, one.cpu_clock_hz) == (300_000_000, 500_000_000)


def test_what_is_left_out_is_the_usual(run: BoardRun) -> None:
    needed = ("ops", "height", "width", "input_channels", "output_channels", "ms")
    one = measured_row(run, {name: ROW[name] for name in needed}, 7)
    assert isinstance(one, Measurement)
    assert (one.kernel, one.weight_bits, one.fitted, one.runtime) == (1, 8, True, "1.9")
    assert (one.kpu_clock_hz, one.source) == (400_000_000, "board.log:7")


def test_a_row_is_a_whole_network(run: BoardRun) -> None:
    one = measured_row(run, {"network": "P8-a1-256", "ms": "7.1", "kpu_mhz": "200"}, 2)
    assert isinstance(one, NetworkTime)
    assert (one.name, one.kpu_clock_hz) == ("P8-a1-256", 200_000_000)
    assert len(one.steps) == len(one.program.steps)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ms": "0"}, "milliseconds"),
        ({"ms": "-1"}, "milliseconds"),
        ({"ms": "nan"}, "milliseconds"),
        ({"ms": "inf"}, "milliseconds"),
        ({"ms": "soon"}, "milliseconds"),
        ({"ms": "1e300"}, "milliseconds"),
        ({"height": "0"}, "whole number"),
        ({"width": "3.5"}, "whole number"),
        ({"kernel": "²"}, "whole number"),
        ({"cpu_mhz": "9" * 400}, "whole number"),
        ({"runtime": "2.0"}, "runtime"),
        ({"ops": "kpu_cnov"}, "no rule covers 'kpu_cnov'"),
        ({"fitted": "maybe"}, "yes or no"),
        ({"heigth": "3"}, "unknown column 'heigth'"),
        ({"network": "P8-a1-256"}, "not both"),
    ],
)
def test_a_bad_value_is_named_with_its_line(
    run: BoardRun, change: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidFile, match=r"board\.log:9: ") as caught:
        measured_row(run, {**ROW, **change}, 9)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["height", "width", "input_channels", "output_channels", "ms"])
def test_what_is_needed_and_missing_is_named(run: BoardRun, name: str) -> None:
    with pytest.raises(InvalidFile, match=f"'{name}' is missing|milliseconds"):
        measured_row(run, {key: value for key, value in ROW.items() if key != name}, 3)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("P8-a1-257x", "names no design"),
        ("P8-a1-256-FP16", "does not run on the KPU"),
        ("missing.tflite", "missing.tflite"),
        ("x" * 5000, "names no design"),
        ("../../x.tflite", "outside"),
        ("/etc/x.tflite", "outside"),
    ],
)
def test_a_network_that_is_none(run: BoardRun, network: str, said: str) -> None:
    with pytest.raises(InvalidFile, match=r"board\.log:4: ") as caught:
        measured_row(run, {"network": network, "ms": "1"}, 4)
    assert said in str(caught.value)


def test_whole_networks_of_old_runtimes_are_not_predicted(run: BoardRun) -> None:
    with pytest.raises(InvalidFile, match="for runtime 1"):
        measured_row(run, {"network": "P8-a1-256", "ms": "1", "runtime": "0.2"}, 4)


def test_lines_are_counted_past_comments_and_empty_ones() -> None:
    text = "# mine\n\nops,ms\n\n# so\nupload,3\n\ncopy,4\n"
    assert list(csv_rows(LOG, text)) == [
        (6, {"ops": "upload", "ms": "3"}),
        (8, {"ops": "copy", "ms": "4"}),
    ]


@pytest.mark.parametrize("text", ["ops,ms\n\ncopy,4,5\n", 'ops,ms\n\n"copy,4\n'])
def test_broken_csv_is_named_with_its_line(text: str) -> None:
    with pytest.raises(InvalidFile, match=r"board\.log:[34]: "):
        list(csv_rows(LOG, text))


@pytest.mark.parametrize(
    "text", ["{", "[1]", "{} {}", '{"ms": [1]}', '{"ms": true}', '{"ms": null}', "[" * 100_000]
)
def test_broken_json_is_named_with_its_line(text: str) -> None:
    with pytest.raises(InvalidFile, match=r"board\.log:5: "):
        json_row(LOG, text, 5)


def test_a_header_is_known() -> None:
    assert is_header("ops, ms ,kernel") and is_header("network,ms")
    assert not is_header("KPUConv2D: 0.5ms") and not is_header("ms,source")


@given(
    st.dictionaries(
        st.sampled_from(COLUMNS),
        st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1)
        .map(str.strip)
        .filter(lambda text: text and not text.startswith("#")),
        min_size=1,
    )
)
def test_both_forms_give_the_same_row(row: dict[str, str]) -> None:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(row), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    assert list(csv_rows(LOG, file.getvalue())) == [(2, row)]
    assert json_row(LOG, json.dumps(row), 2) == row
