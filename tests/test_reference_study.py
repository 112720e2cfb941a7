"""The committed study is whole: it loads, says what its pages say, and its bundles verify."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.chips.k210 import verify_bundle
from dse.errors import WeightsError
from dse.search import load_study
from dse.views.dashboard import study_samples

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

REFERENCE = Path(__file__).parents[1] / "results" / "reference"
CARDS = REFERENCE.with_name("reference-cards")
BUNDLES = sorted((REFERENCE / "bundles").iterdir())


@pytest.mark.parametrize(("folder", "trainings"), [(REFERENCE, 14), (CARDS, 12)])
def test_the_front_is_the_printed_one(folder: Path, trainings: int) -> None:
    record = load_study(folder)
    assert sum(entry.state == "complete" for entry in record.entries) == trainings
    printed = (folder / "front.txt").read_text().splitlines()[1:]
    assert {line.split()[0] for line in printed} == {row.id for row in record.front}
    readme = (folder / "README.md").read_text()
    for row in record.front:
        if row.deployable:
            line = next(one for one in readme.splitlines() if row.training.id in one)
            assert f"{row.ap:.3f}" in line and f"{row.latency_ms:.1f}" in line


def test_every_training_has_its_curves() -> None:
    record = load_study(REFERENCE)
    trained = {entry.training.id for entry in record.entries}
    assert (
        trained == set(record.curves) == {path.name for path in (REFERENCE / "trainings").iterdir()}
    )
    assert len(record.precision_recall) == 7 * len(trained) - sum(
        row.format == "kpu8" and row.reason == "kpu_memory" for row in record.rows
        if row.training.id in trained
    )  # fmt: skip


def test_without_weights_no_design_can_be_run_on_pictures() -> None:
    with pytest.raises(WeightsError, match="has its weights left to run") as caught:
        study_samples(load_study(REFERENCE), 2, print)
    assert "leave --samples out" in caught.value.hint


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_bundles_verify(bundle: Path) -> None:
    report = verify_bundle(bundle, workers=1)
    assert report.problems == []
    assert report.measured["correlation"] > 0.999
