"""Trainings run as a study: all of the list, nothing else, and each one once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dse.errors import StudyError
from dse.reproduction import ReproductionOptions
from dse.reproduction.rows import trainings_of
from dse.reproduction.training import train_networks
from tests.search.fake_training import EPOCHS, backend, worked

Make = Callable[..., ReproductionOptions]


def test_each_seed_is_a_study_of_the_whole_list(options: Make, trace: Path) -> None:
    chosen = options(seeds=2)
    records = train_networks(chosen, backend(trace))
    assert [record.name for record in records] == ["reproduce-96-seed0", "reproduce-96-seed1"]
    listed = {training.id for training in trainings_of(chosen.tables, 96)}
    for record in records:
        assert {entry.training.id for entry in record.entries} == listed
        assert {row.training.id for row in record.candidates} == listed
        assert record.settings.make_target().name == "unlimited"
    assert len(worked(trace)) == 2 * len(listed) * EPOCHS  # no kmodel among them


def test_networks_that_no_chip_holds_are_trained_too(options: Make, trace: Path) -> None:
    (record,) = train_networks(options(tables=("II",), input_size=512), backend(trace))
    assert [entry.state for entry in record.entries] == ["complete"]
    assert not record.report().rejected


def test_resuming_repeats_nothing_and_starts_further_seeds(options: Make, trace: Path) -> None:
    train_networks(options(tables=("II",)), backend(trace))
    records = train_networks(options(tables=("II",), seeds=2, resume=True), backend(trace))
    assert len(records) == 2
    assert len(worked(trace)) == 2 * EPOCHS


def test_a_study_that_exists_is_not_touched_without_resume(options: Make, trace: Path) -> None:
    train_networks(options(tables=("II",)), backend(trace))
    with pytest.raises(StudyError, match="reproduce-96-II-seed0") as told:
        train_networks(options(tables=("II",)), backend(trace))
    assert "--resume" in told.value.hint


def test_a_failed_training_is_named_and_tried_again(options: Make, trace: Path) -> None:
    with pytest.raises(StudyError, match="C98-a1-96"):
        train_networks(options(), backend(trace, trouble="fail:C98"))
    (record,) = train_networks(options(resume=True), backend(trace))
    assert len([entry for entry in record.entries if entry.state == "complete"]) == 8


def test_table_iv_trains_nothing(options: Make, trace: Path) -> None:
    chosen = options(tables=("IV",))
    assert train_networks(chosen, backend(trace)) == []
    assert not chosen.results.exists()
