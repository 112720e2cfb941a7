"""The private parts of Optuna that a study needs, each as it is expected to behave."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.space import SearchSpace, Training
from dse.study.journal_trials import new_trial
from dse.study.optuna_storage import VALUES, TrialStore, fails_to_replay, trial_id

SPACE = SearchSpace("s", ("A", "B"), (63, 98), (0.35, 0.5), (96, 128), ("kpu8",))
FIRST = Training("A", 63, 0.35, 96)


@pytest.fixture()
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.log"


def test_the_end_of_a_trial_is_one_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from optuna.storages.journal import JournalFileBackend

    store = TrialStore.in_file(path, "mine")
    trial = store.begin(new_trial("RUNNING", FIRST, SPACE))
    writes: list[int] = []
    append = JournalFileBackend.append_logs

    def counted(backend: JournalFileBackend, logs: list[dict[str, object]]) -> None:
        writes.append(len(logs))
        append(backend, logs)

    monkeypatch.setattr(JournalFileBackend, "append_logs", counted)
    store.close(trial.number, "COMPLETE", {"outcome": {}, "elapsed_s": 1.0}, (0.5, 10.0, 1000))
    assert writes == [3]
    again = TrialStore.read(path, "mine").trials()[0]
    assert again.values == [0.5, 10.0, 1000.0] and again.user_attrs["elapsed_s"] == 1.0


def test_a_write_that_fails_leaves_nothing_half_held(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TrialStore.in_file(path, "mine")
    trial = store.begin(new_trial("RUNNING", FIRST, SPACE))
    with pytest.raises(KeyError):
        store.close(trial.number, "ENDED", {"outcome": {}})
    store.close(trial.number, "FAIL", {"outcome": {}})
    assert TrialStore.read(path, "mine").trial(0).state.name == "FAIL"


def test_a_trial_is_known_by_its_id_and_can_be_given_up(path: Path) -> None:
    store = TrialStore.in_file(path, "mine")
    trials = [store.begin(new_trial("RUNNING", FIRST, SPACE)) for _ in range(2)]
    assert len({trial_id(trial) for trial in trials}) == 2
    store.give_up(trials[1])
    assert [trial.state.name for trial in store.trials()] == ["RUNNING", "FAIL"]
    store.note("key", {"a": 1})
    assert store.attributes == {"key": {"a": 1}}


def test_records_are_tried_one_by_one() -> None:
    fails = fails_to_replay()
    study = {"op_code": 0, "worker_id": "w", "study_name": "mine", "directions": [2]}
    assert not fails(study)
    trial = {"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": "someday"}
    assert fails(trial) and not fails({**trial, "datetime_start": None})


def test_values_have_names_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    for _ in range(2):  # made, and opened again
        assert TrialStore.in_file(path, "mine").study.metric_names == list(VALUES)
    assert path.read_text().count("metric_names") == 1
