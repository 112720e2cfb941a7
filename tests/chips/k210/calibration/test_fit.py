"""Constants fitted to measured times: known ones are found again."""

from dataclasses import replace
from pathlib import Path

import pytest

from dse import resources
from dse.chips.k210.calibration.fit import FITTED, fit, leave_one_shape_out
from dse.chips.k210.calibration.log_tables import read_measurements
from dse.chips.k210.calibration.measurement import Measurement
from dse.chips.k210.target import K210Target

SHIPPED = resources.folder("constraints") / "k210_times.csv"


@pytest.fixture(scope="module")
def target() -> K210Target:
    return K210Target.load("k210")


@pytest.fixture(scope="module")
def measured() -> tuple[Measurement, ...]:
    return read_measurements(SHIPPED)


def of(target: K210Target, measured: tuple[Measurement, ...]) -> list[Measurement]:
    """The same operations with the times that `target` predicts."""
    known = [one for one in measured if one.fitted]
    return [replace(one, ms=one.predicted_ms(target)) for one in known]


def test_a_chip_with_other_constants_is_found(
    target: K210Target, measured: tuple[Measurement, ...]
) -> None:
    low, likely, high = target.cpu_cycles_per_downloaded_byte
    other = replace(
        target,
        kpu_cycles_per_pair_line=2.0,
        kpu_cycles_per_depthwise=9000.0,
        cpu_cycles_per_downloaded_byte=(low / 4, likely / 4, high / 4),
    )
    found = fit(of(other, measured), target)
    for name in FITTED:
        assert getattr(found, name) == pytest.approx(getattr(other, name), rel=1e-3), name


def test_the_shipped_constants_are_what_the_fit_gives(
    target: K210Target, measured: tuple[Measurement, ...]
) -> None:
    found = fit(measured, target)
    for name in FITTED:
        if name.startswith("kpu"):
            assert getattr(found, name) == pytest.approx(getattr(target, name), rel=0.004), name
        else:
            assert getattr(found, name)[1] == pytest.approx(getattr(target, name)[1], rel=0.004)


def test_what_nobody_measured_stays(target: K210Target, measured: tuple[Measurement, ...]) -> None:
    found = fit([one for one in measured if one.ops == ("dequantize",)], target)
    assert found.cpu_cycles_per_padded_element == target.cpu_cycles_per_padded_element
    assert found.kpu_cycles_per_pair_line == target.kpu_cycles_per_pair_line


def test_leave_one_shape_out_is_exact_for_exact_times(
    target: K210Target, measured: tuple[Measurement, ...]
) -> None:
    results = leave_one_shape_out(of(target, measured), target)
    guessed = [(one.ms, guess) for one, guess in results if guess is not None]
    assert len(guessed) > 25
    for ms, guess in guessed:
        assert guess == pytest.approx(ms, rel=1e-4)


def test_a_constant_with_one_shape_alone_cannot_be_left_out(
    target: K210Target, measured: tuple[Measurement, ...]
) -> None:
    alone = {one.ops for one, guess in leave_one_shape_out(measured, target) if guess is None}
    assert alone == {("upload",), ("copy",)}


def test_every_row_has_its_source(measured: tuple[Measurement, ...]) -> None:
    assert len(measured) > 30
    for one in measured:
        assert one.source and one.ms > 0 and one.runtime
        assert one.modelled or not one.fitted


def test_other_clocks_and_wider_weights(
    target: K210Target, measured: tuple[Measurement, ...]
) -> None:
    one = next(m for m in measured if m.ops == ("kpu_conv",) and m.weight_bits == 8)
    slower = replace(one, kpu_clock_hz=one.kpu_clock_hz // 2)
    assert slower.predicted_ms(target) == pytest.approx(2 * one.predicted_ms(target))
    assert replace(one, weight_bits=16).predicted_ms(target) > one.predicted_ms(target)


def test_a_file_of_times(tmp_path: Path) -> None:
    path = tmp_path / "times.csv"
    header = SHIPPED.read_text().splitlines()[0]
    path.write_text(f"{header}\nkpu_conv+download,3,4,5,6,7,8,400,200,1.5,1.9,yes,mine\n")
    (one,) = read_measurements(path)
    assert one.ops == ("kpu_conv", "download")
    assert one.shape == (("kpu_conv", "download"), 3, 4, 5, 6, 7, 8)
    assert (one.elements, one.cpu_clock_hz, one.fitted) == (140, 200_000_000, True)
