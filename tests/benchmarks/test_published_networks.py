"""The rebuilt networks are the published ones, and the model meets what can be met."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from dse.chips import Target, load_target

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def scripts() -> dict[str, ModuleType]:
    """The scripts by name; they import one another as they do when they run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        names = ("published_networks", "old_runtimes", "latency_errors")
        return {name: importlib.import_module(name) for name in names}


@pytest.fixture(scope="module")
def networks(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["published_networks"]


@pytest.fixture(scope="module")
def runtimes(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["old_runtimes"]


@pytest.fixture(scope="module")
def errors(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["latency_errors"]


@pytest.fixture(scope="module")
def target() -> Target:
    return load_target("k210")


def test_parameters_and_macs_are_the_published_ones(networks: ModuleType) -> None:
    """arXiv 1704.04861, table 6: 2.6 M and 325 M; arXiv 1804.07573, table 1: 0.99 M."""
    mobilenet = networks.mobilenet_v1(0.75, 224, 224, 1000)
    assert mobilenet.parameters == pytest.approx(2.6e6, rel=0.02)
    assert mobilenet.macs == pytest.approx(325e6, rel=0.02)
    assert networks.mobile_face_net().parameters == pytest.approx(0.99e6, rel=0.02)


def test_weights_are_as_many_as_a_vendors_file_holds(networks: ModuleType) -> None:
    """yolo.kmodel has 1,352,232 bytes, slim-320.kmodel 307,924: a byte a weight and tables."""
    assert 0.95 < networks.classes_yolo().parameters / 1_352_232 < 1
    assert 0.75 < networks.slim().parameters / 307_924 < 1


def test_a_difference_of_two_networks_is_met(runtimes: ModuleType, target: Target) -> None:
    time = runtimes.rfb_without_slim(target, runtimes.old_operations())
    assert time.ms == pytest.approx(99.2, rel=0.05)


def test_networks_that_nothing_is_missing_of(
    networks: ModuleType, runtimes: ModuleType, target: Target
) -> None:
    old = runtimes.old_operations()
    whole = {
        (one.name, one.runtime): runtimes.predict(one, target, old)
        for one in networks.PUBLISHED
        if not one.missing
    }
    assert whole["face yolov2", "0.1"].ms == pytest.approx(12.732, rel=0.05)
    assert whole["MobileFaceNet", "0.2"].ms == pytest.approx(150, rel=0.05)


def test_kinds_of_work_add_up(errors: ModuleType, target: Target) -> None:
    *kinds, all_of_it, plain = errors.by_kind("A98-a0.5-224-kpu8", target)
    assert sum(row["ms"] for row in kinds) == pytest.approx(all_of_it["ms"])
    assert plain["ms"] < 0.5 * all_of_it["ms"]


def test_every_layer_has_a_row(errors: ModuleType, target: Target) -> None:
    measured = errors.read_measurements(BENCHMARKS.parent / "constraints" / "k210_times.csv")
    rows = errors.layers(measured, target)
    assert len(rows) == len(measured)
    assert max(abs(row["left_out_error"] or 0) for row in rows) < 0.07
