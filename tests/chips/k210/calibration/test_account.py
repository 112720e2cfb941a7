"""What `dse calibrate` says of a log."""

from __future__ import annotations

import pytest

from dse import resources
from dse.chips.k210.calibration.account import calibration_account, calibration_table
from dse.chips.k210.calibration.log_tables import read_measurements
from dse.chips.k210.calibration.refit import refit
from dse.chips.k210.target import K210Target

TIMES = read_measurements(resources.folder("constraints") / "k210_times.csv")


@pytest.fixture(scope="module")
def account() -> dict:
    return calibration_account(TIMES, refit(TIMES, K210Target.load("k210")))


def test_every_time_has_its_row(account: dict) -> None:
    assert len(account["times"]) == len(TIMES) == 41
    assert sum(row["fitted"] for row in account["times"]) == 35
    for row in account["times"]:
        assert (row["left_out_ms"] is not None) == row["fitted"]
        if row["before_ms"] is not None:
            assert row["before_error"] == pytest.approx(row["before_ms"] / row["measured_ms"] - 1)


def test_errors_are_those_of_the_fitted_rows(account: dict) -> None:
    worst = max(abs(row["before_error"]) for row in account["times"] if row["fitted"])
    assert account["errors"]["before"]["worst"] == worst
    assert account["errors"]["before"]["times"] == 35
    assert account["errors"]["left_out"]["median"] < 0.02


def test_kpu_and_cpu_make_the_predicted_time(account: dict) -> None:
    for when in ("before", "after"):
        parts = sum(one[f"{when}_ms"] for one in account["processors"].values())
        whole = sum(row[f"{when}_ms"] for row in account["times"] if row["fitted"])
        assert parts == pytest.approx(whole, rel=1e-6)


def test_the_table_has_every_row_and_key(account: dict) -> None:
    table = calibration_table(account)
    assert "copy 1x9000 5 to 5" in table
    assert "(not fitted)" in table
    for one in account["constants"]:
        assert one["constant"] in table
