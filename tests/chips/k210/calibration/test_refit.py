"""Constants come back from the times they make; what a log does not show stays."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from dse import resources
from dse.chips.k210.calibration.board_run import BoardRun
from dse.chips.k210.calibration.fit import FITTED, likely_cycles, with_cycles
from dse.chips.k210.calibration.log_tables import read_measurements
from dse.chips.k210.calibration.measurement import Measurement, NetworkTime
from dse.chips.k210.calibration.refit import Refit, refit
from dse.chips.k210.calibration.time_log import read_log
from dse.chips.k210.target import K210Target
from dse.errors import UsageError

NETWORKS = (
    "P8-a1-256", "P8-a1.5-256", "P8-a0.5-128", "A63-a0.5-192", "A63-a0.35-256", "A98-a0.5-224",
)  # fmt: skip


@pytest.fixture(scope="module")
def target() -> K210Target:
    return K210Target.load("k210")


@pytest.fixture(scope="module")
def measured() -> tuple[Measurement, ...]:
    return read_measurements(resources.folder("constraints") / "k210_times.csv")


def scaled(target: K210Target, kpu: float, cpu: float) -> K210Target:
    factors = {name: kpu if name.startswith("kpu") else cpu for name in FITTED}
    return with_cycles(target, {n: likely_cycles(target, n) * factors[n] for n in FITTED})


def worst_left_out(found: Refit) -> float:
    return max(abs(ms / one.ms - 1) for one, ms in found.left_out if ms is not None)


def whole_times(names: tuple[str, ...], board: K210Target, at: K210Target) -> list[NetworkTime]:
    """What a board with the constants of `board` takes for whole networks."""
    times: list[NetworkTime] = []
    for name in names:
        run = replace(BoardRun.begin(Path("board.log"), at), network=name)
        one = run.whole(1.0, 1)
        times.append(replace(one, ms=one.predicted_ms(board)))
    return times


def test_disturbed_constants_come_back_within_their_bands(
    target: K210Target, measured: tuple[Measurement, ...]
) -> None:
    found = refit(measured, scaled(target, 1.5, 0.5))
    spread = found.after.kpu_time_factor_high - 1
    assert worst_left_out(found) < 0.06
    assert 0.01 < spread < 0.1
    for name in found.changed:
        if name.startswith("kpu_cycles"):
            assert getattr(found.after, name) == pytest.approx(getattr(target, name), rel=spread)
        elif name.startswith("cpu"):
            low, _, high = getattr(found.after, name)
            assert low <= likely_cycles(target, name) <= high, name


def test_the_times_of_one_network_bring_the_kpu_back(
    target: K210Target, k210_timings: Path, tmp_path: Path
) -> None:
    """The 24 times of nncase thread 77: 22 convolutions, an output by DMA, a dequantization."""
    log = tmp_path / "board.jsonl"
    log.write_text("\n".join(map(json.dumps, rows_of(k210_timings))))
    disturbed = scaled(target, 1.5, 0.5)
    times = read_log(log, disturbed).times
    found = refit(times, disturbed)
    assert (len(times), len(found.left_out)) == (24, 22)
    assert worst_left_out(found) < 0.05
    spread = found.after.kpu_time_factor_high - 1
    assert spread < 0.08
    for name in FITTED:
        if name.startswith("kpu"):
            assert getattr(found.after, name) == pytest.approx(getattr(target, name), rel=spread)
        else:
            assert getattr(found.after, name) == getattr(disturbed, name)


def rows_of(timings: Path) -> list[dict[str, object]]:
    """The file as lines of a log; what 1.9 does in another way is kept, but not fitted."""
    rows: list[dict[str, object]] = []
    for layer in json.loads(timings.read_text())["layers"]:
        row: dict[str, object] = {"ms": layer["ms"], "runtime": "0.1", "kpu_mhz": 400}
        if "elements" in layer:
            row |= {"ops": "dequantize", "height": 15, "width": 20, "fitted": "no"}
            row |= {"input_channels": 30, "output_channels": 30}
        else:
            row |= {name: layer[name] for name in ("kernel", "height", "width")}
            row |= {f"{way}put_channels": layer[f"{way}_channels"] for way in ("in", "out")}
            last = layer["out_channels"] == 30
            row["ops"] = "kpu_conv+dma_output" if last else f"kpu_{layer['kind']}"
            row["fitted"] = "no" if last else "yes"
        rows.append(row)
    return rows


@pytest.mark.parametrize(("kpu", "cpu"), [(1.5, 1.0), (1.0, 0.5), (1.5, 0.5), (1.0, 1.3)])
def test_whole_networks_tell_kpu_and_cpu_apart(target: K210Target, kpu: float, cpu: float) -> None:
    board = scaled(target, kpu, cpu)
    found = refit(whole_times(NETWORKS, board, target), target)
    assert worst_left_out(found) < 0.06
    assert found.after.kpu_cycles_per_pair_line == pytest.approx(1.012 * kpu, rel=0.05)
    low, _, high = found.after.cpu_cycles_per_downloaded_byte
    assert low <= likely_cycles(board, "cpu_cycles_per_downloaded_byte") <= high


def test_a_network_that_was_not_measured_is_met(target: K210Target) -> None:
    board = scaled(target, 1.5, 0.5)
    found = refit(whole_times(NETWORKS, board, target), target)
    (other,) = whole_times(("A63-a0.35-128",), board, target)
    assert abs(other.predicted_ms(target) / other.ms - 1) > 0.4
    assert other.predicted_ms(found.after) == pytest.approx(other.ms, rel=0.05)


def test_times_as_predicted_change_no_likely_constant(target: K210Target) -> None:
    found = refit(whole_times(NETWORKS, target, target), target)
    for name in FITTED:
        now, then = likely_cycles(found.after, name), likely_cycles(target, name)
        assert now == pytest.approx(then, rel=0.005), name


def test_one_time_moves_what_is_uncertain_most(target: K210Target) -> None:
    """The bands of quantization are wider than those of the KPU."""
    (one,) = whole_times(("A98-a0.5-224",), target, target)
    found = refit([replace(one, ms=1.2 * one.ms)], target)
    assert found.left_out[0][1] is None
    ratio = {n: likely_cycles(found.after, n) / likely_cycles(target, n) for n in FITTED}
    assert ratio["cpu_cycles_per_quantized_element"] > ratio["kpu_cycles_per_pair_line"]
    assert one.predicted_ms(found.after) > 1.05 * one.ms


def test_what_no_time_shows_stays(target: K210Target, measured: tuple[Measurement, ...]) -> None:
    found = refit([one for one in measured if one.ops == ("dequantize",)], scaled(target, 1.5, 0.5))
    assert found.changed == ("cpu_cycles_per_dequantized_element",)
    assert found.support["cpu_cycles_per_dequantized_element"] == 2


def test_a_single_shape_does_not_narrow_a_band(
    target: K210Target, measured: tuple[Measurement, ...]
) -> None:
    copies = [one for one in measured if one.ops == ("copy",)]
    found = refit([replace(one, ms=2 * one.ms) for one in copies], target)
    low, likely, high = found.after.cpu_cycles_per_copied_byte
    before = target.cpu_cycles_per_copied_byte
    assert likely > 1.5 * before[1]
    assert low / likely <= 1.001 * before[0] / before[1]
    assert high / likely >= 0.999 * before[2] / before[1]


def test_contradicting_times_widen_the_bands(
    target: K210Target, measured: tuple[Measurement, ...]
) -> None:
    convolutions = [one for one in measured if one.ops == ("kpu_conv",)]
    apart = [
        replace(one, ms=one.ms * (1.3 if index % 2 else 0.7))
        for index, one in enumerate(convolutions)
    ]
    found = refit(apart, target)
    assert found.after.kpu_time_factor_high > 1.3
    assert found.after.kpu_time_factor_low < 0.7


@pytest.mark.parametrize("cycles", [0.0, float(2**53)])
@pytest.mark.parametrize("ms", [1e-6, 1e7])
def test_times_and_targets_without_measure_give_a_target_or_an_error(
    target: K210Target, tmp_path: Path, cycles: float, ms: float
) -> None:
    """Never a constant that no target may have, and no warning of NumPy's."""
    strange = with_cycles(target, {name: cycles for name in FITTED if name.startswith("kpu")})
    path = tmp_path / "board.log"
    path.write_text(f"network=P8-a1-256\nrun_ms={ms}\nnetwork=A63-a0.35-256\nrun_ms={ms}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = refit(read_log(path, strange).times, strange)
        except UsageError as error:
            assert "no constants agree" in str(error)
            return
    for key in found.changed:
        K210Target.checked(key, getattr(found.after, key))


def test_no_evidence_is_an_error_without_assertions_too() -> None:
    """`python -O` leaves assertions out."""
    script = (
        "import numpy as np\nfrom dse.chips.k210.calibration.belief import believe\n"
        "one = np.ones(1)\n"
        "try: believe(np.nan * one, one, one > 0, np.ones((1, 1)))\n"
        "except FloatingPointError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-O", "-c", script], capture_output=True, text=True)
    assert done.stdout == "refused\n", done.stderr
