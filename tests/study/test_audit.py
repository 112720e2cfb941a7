from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dse.chips import load_target
from dse.search import load_study, run_search
from dse.search.stopping import DominanceStopper
from dse.space import SearchSpace, Training
from dse.study.audit import BEATEN, audit
from dse.study.journal import Entry
from dse.study.plan import make_plan
from tests.search.fake_training import backend
from tests.search.fixtures import Search

PLAN = make_plan(
    SearchSpace("s", ("A",), (63,), (0.35, 0.5), (96, 128), ("kpu8",)), load_target("k210")
)
SMALL, LARGE = (Training("A", 63, 0.35, 96), Training("A", 63, 0.5, 128))


def entry(training: Training, state: str, ap: float, **outcome: Any) -> Entry:
    return Entry(0, training, state, {"ap": {"kpu8": ap}, "val_ap": ap, **outcome})


def test_an_audited_training_on_the_front_was_wrongly_stopped() -> None:
    beaten = {BEATEN: {"epoch": 2, "bound": 0.6, "by": SMALL.id}}
    entries = [entry(SMALL, "complete", 0.7), entry(LARGE, "complete", 0.8, **beaten)]
    found = audit(PLAN.rows, entries)
    assert (found.stopped, found.audited, found.above_bound, found.wrongly_stopped) == (0, 1, 1, 1)


def test_an_audited_training_that_stayed_behind_was_rightly_stopped() -> None:
    beaten = {BEATEN: {"epoch": 2, "bound": 0.6, "by": SMALL.id}}
    stopped = entry(Training("A", 63, 0.35, 128), "stopped", math.nan, **beaten)
    entries = [entry(SMALL, "complete", 0.7), entry(LARGE, "complete", 0.55, **beaten), stopped]
    found = audit(PLAN.rows, entries)
    assert (found.stopped, found.audited, found.above_bound, found.wrongly_stopped) == (1, 1, 0, 0)
    assert "1 stopped early; of 1 more" in found.words()


@pytest.mark.parametrize("unknown", [{"val_ap": None}, {"val_ap": math.nan}])
def test_an_audited_training_without_a_validation_ap_is_not_above_its_bound(
    unknown: dict[str, float | None],
) -> None:
    beaten = {BEATEN: {"epoch": 2, "bound": 0.6, "by": SMALL.id}}
    entries = [entry(SMALL, "complete", 0.7), entry(LARGE, "complete", 0.8, **beaten, **unknown)]
    found = audit(PLAN.rows, entries)
    assert (found.audited, found.above_bound, found.wrongly_stopped) == (1, 0, 1)


def test_a_search_records_what_beat_a_training(
    options: Callable[..., Search], tmp_path: Path
) -> None:
    chosen = options(budget=99, early_stopping=True)
    report = run_search(*chosen, backend(tmp_path / "trace"))
    record = load_study(chosen.results / "k210-001")
    beaten = [one for one in record.entries if one.outcome.get(BEATEN)]
    stopped = [one for one in beaten if one.state == "stopped"]
    assert len(stopped) == report.stopped_early > 0
    judge = DominanceStopper([])
    for one in beaten:
        assert judge.is_audited(one.training) == (one.state == "complete")
        assert one.outcome[BEATEN]["bound"] <= 1 and one.outcome[BEATEN]["epoch"] >= 2
    assert report.audit == audit(record.candidates, record.entries)


def test_a_study_without_stopping_has_nothing_to_say() -> None:
    assert audit(PLAN.rows, [entry(SMALL, "complete", 0.7)]).words() == ""
