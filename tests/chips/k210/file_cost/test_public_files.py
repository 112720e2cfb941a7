"""Public kmodels of versions 3 and 4: their figures, and predicted times beside published ones.

As `tests/chips/k210/test_public_kmodels.py`: the files are not distributed with the repository.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

import dse
from dse.chips import load_target
from dse.chips.k210.file_cost.reading import read_file
from dse.chips.k210.target import K210Target

TARGET = "k210-maixpy-full"


class Published(NamedTuple):
    """Milliseconds of all nodes but the input, as somebody printed them."""

    file: str
    low_ms: float
    high_ms: float
    source: str


PUBLISHED = (
    Published("face-detect-v3", 12.732, 12.732, "nncase thread 77: the calibration set"),
    Published("rfb-320-v4", 164.8, 164.8, "nncase examples/fast_facedetect"),
)


@pytest.fixture(scope="module")
def names(public_kmodels: Path) -> list[str]:
    return list(json.loads((public_kmodels / "index.json").read_text()))


def test_all_are_priced_and_accounted_for(public_kmodels: Path, names: list[str]) -> None:
    index = json.loads((public_kmodels / "index.json").read_text())
    for name in names:
        told = dse.explain(public_kmodels / f"{name}.kmodel", TARGET)
        cost, account = told.checked.cost, told.account
        assert not cost.unknown_ops, name
        assert cost.parameters > 0 and cost.macs > 0, name
        assert 0 < cost.latency_ms_low <= cost.latency_ms <= cost.latency_ms_high, name
        assert cost.figures["kmodel_bytes"] == index[name]["bytes"]
        assert cost.figures["data_bytes"] >= index[name]["main_memory_bytes"]
        assert cost.figures["peak_kpu_bytes"] <= 2 << 20
        count = index[name].get("nodes", index[name].get("layers"))
        assert len(account.layers) == count + 1, name  # and the input
        assert sum(row["latency_ms"] for row in account.layers) == pytest.approx(cost.latency_ms)
        for memory in account.memories:
            assert memory.peak_bytes <= memory.limit_bytes or not told.checked.fits, name


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda one: one.file)
def test_published_times_are_within_the_band(published: Published, public_kmodels: Path) -> None:
    path = public_kmodels / f"{published.file}.kmodel"
    nodes = read_file(path, K210Target.own(load_target("k210"))).operations[1:]
    low, high = (sum(getattr(n.time, key) for n in nodes) for key in ("low_ms", "high_ms"))
    assert low <= published.high_ms and published.low_ms <= high


def test_nearly_all_fit_what_maixpy_leaves(public_kmodels: Path, names: list[str]) -> None:
    """The classifier asks for 55,496 bytes more than the 2 MiB that the full build leaves."""
    checks = {name: dse.check(public_kmodels / f"{name}.kmodel", TARGET) for name in names}
    assert [name for name, told in checks.items() if not told.fits] == ["mobilenet-classifier-v3"]
    assert dse.check(public_kmodels / "mobilenet-classifier-v3.kmodel", "k210-maixpy-minimum").fits
