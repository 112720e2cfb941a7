"""Numbers on the command line: what is none, or none of ours, is a usage error."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest

from dse.cli import main
from dse.cli.arguments import count, positive_float, positive_int, seed, share

DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (positive_int, ["1", "007", "1000000000"], ["0", "1000000001"]),
        (count, ["0", "1000000000"], ["1000000001"]),
        (seed, ["0", "4294967295"], ["4294967296", "99999999999999999999"]),
        (positive_float, ["0.5", "1e3"], ["0", "-1", "1e999", "inf", "nan"]),
        (share, ["0", "1", "0.5"], ["-0.1", "1.1", "1e999", "nan"]),
    ],
)
def test_each_kind_has_its_bounds(
    kind: Callable[[str], float], right: list[str], wrong: list[str]
) -> None:
    assert [kind(text) for text in right] == [float(text) for text in right]
    for text in (*wrong, "-1", "", "x", "\u0663\u0664x", DIGITS, "1" * 5000, "\x1b[31m", "+ 1"):
        with pytest.raises(argparse.ArgumentTypeError) as caught:
            kind(text)
        assert len(str(caught.value)) < 100 and str(caught.value).isprintable()


FLAGS = [
    ("search", "--seed"), ("search", "--budget"), ("search", "--epochs"), ("search", "--views"),
    ("search", "--pictures"), ("search", "--calibration-pictures"), ("search", "--workers"),
    ("search", "--time-limit"), ("reproduce", "--seeds"), ("reproduce", "--epochs"),
    ("reproduce", "--input-size"), ("reproduce", "--workers"), ("evaluate", "--seed"),
    ("evaluate", "--score"), ("evaluate", "--sheet-pictures"), ("explain", "--pictures"),
    ("dashboard", "--port"), ("dashboard", "--samples"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "flag"), FLAGS)
@pytest.mark.parametrize("text", ["-1", "99999999999999999999", DIGITS, "nan", "1e999", "x"])
def test_no_flag_takes_what_is_no_number_of_its(
    capsys: pytest.CaptureFixture[str], command: str, flag: str, text: str
) -> None:
    if flag == "--time-limit" and text == "99999999999999999999":
        return  # three thousand billion years are a time
    with pytest.raises(SystemExit) as stop:
        main([command, *(["best"] if command in ("evaluate", "explain") else []), flag, text])
    assert stop.value.code == 2
    assert flag in capsys.readouterr().err
