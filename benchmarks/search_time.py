"""Where the time of a finished search went, and how well it foresaw its end.

    python benchmarks/search_time.py results/k210-001

From the study's own record. JSON on stdout: minutes of search, seconds of work of all trainings
(as many at a time as there were workers), and the shares of it: epochs with their validation,
kmodels compiled and judged, and the rest, which is features of frozen layers, and building the
networks. Then, after each training that ended, what the search says today of the seconds until the
last one ends, beside the truth and beside what is left of the budget at the mean pace.

    python benchmarks/search_time.py results/recorded/k210.jsonl --space k210_face --seeds 8

The same for searches on a table of recorded trainings, two at a time, that each take what they once
took: how far the estimates lie from the truth, by trainings ended, over seeds.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from dse.chips import load_target
from dse.search import StudyFolder, load_study
from dse.search.request import SearchRequest
from dse.search.scheduler import Scheduler
from dse.space import SearchSpace, Training
from dse.study.journal import Entry
from dse.study.plan import SearchPlan, make_plan
from dse.study.record import StudyRecord
from dse.study.recorded import RecordedTable
from dse.study.settings import SearchSettings
from dse.workers.backend import backend_for
from dse.workers.executor import Epoch, Task, TrialAction

MOMENT_S = 5.0
"""After a training ended: by then the next one has begun."""


def shares_of(record: StudyRecord, folder: StudyFolder) -> dict[str, Any]:
    """Where the time went."""
    outcomes = [entry.outcome for entry in record.entries if entry.outcome.get("curve")]
    work_s = sum(outcome["seconds"] for outcome in outcomes)
    epochs_s = sum(outcome["curve"][-1]["seconds"] for outcome in outcomes)
    measured = (folder.training(o["training_id"]) / "kmodel.json" for o in outcomes)
    kmodels_s = sum(json.loads(file.read_text())["seconds"] for file in measured if file.exists())
    shares = {"epochs": epochs_s, "kmodels": kmodels_s, "rest": work_s - epochs_s - kmodels_s}
    return {
        "minutes": round(record.report().seconds / 60, 1),
        "trainings": len(outcomes),
        "work_s": round(work_s),
        "shares": {name: round(seconds / work_s, 2) for name, seconds in shares.items()},
    }


def foreseen(record: StudyRecord) -> list[dict[str, Any]]:
    """After each training that ended: seconds left as estimated, and in truth."""
    plan = make_plan(
        record.settings.search_space(),
        record.settings.make_target(),
        len(record.settings.heads.classes),
    )
    settings = structs.replace(record.settings.search, measure_kmodels=False)
    ended = sorted((e for e in record.entries if e.outcome.get("seconds")), key=_end)
    return [_moment(plan, settings, ended, count) for count in range(1, len(ended))]


def _moment(
    plan: SearchPlan, settings: SearchSettings, ended: Sequence[Entry], count: int
) -> dict[str, Any]:
    """What a search said when `count` of its trainings had ended."""
    now_s = ended[count - 1].elapsed_s
    scheduler = Scheduler(plan, settings, ended[:count])
    for entry in ended[count:]:
        began_s = entry.elapsed_s - entry.outcome["seconds"]
        if began_s > now_s + MOMENT_S:
            continue
        task = scheduler.began(entry.training, entry.number)
        for row in entry.outcome["curve"]:
            if began_s + row["seconds"] <= now_s:
                names = ("epoch", "epochs", "loss", "val_ap", "seconds")
                scheduler.judge(task, Epoch(**{name: row[name] for name in names}), False)
    estimate_s, true_s = scheduler.seconds_left(now_s), ended[-1].elapsed_s - now_s
    return {
        "trained": count,
        "at_s": round(now_s),
        "estimated_s": round(estimate_s),
        "true_s": round(true_s),
        "ratio": round(estimate_s / true_s, 2) if true_s else None,
        "of_the_whole": round((now_s + estimate_s) / (now_s + true_s), 2),
        "by_budget_s": round(now_s / count * (settings.budget - count)),
    }


def raced(settings: SearchSettings, workers: int) -> list[tuple[float, float]]:
    """A search on a recorded table: after each training that ended, when that was, and the seconds
    left as estimated; at last the end itself, with nothing left."""
    backend = backend_for(settings)
    plan = make_plan(
        backend.offered(SearchSpace.load(settings.space)), load_target(settings.target)
    )
    outcomes = RecordedTable.load(Path(settings.replay or "")).outcomes
    scheduler, said = Scheduler(plan, settings, []), list[tuple[float, float]]()
    events: list[tuple[float, int, int]] = []  # when, trial, epochs done; 0: all of it
    tasks: list[Task] = []
    now_s = 0.0
    while True:
        while scheduler.running < workers:
            training = scheduler.next_step(False)
            if not isinstance(training, Training):
                break
            outcome, number = outcomes[training.id], len(tasks)
            tasks.append(scheduler.began(training, number))
            events += [(now_s + epoch.seconds, number, epoch.epoch) for epoch in outcome.curve]
            events.append((now_s + outcome.seconds, number, 0))
        if said and math.isnan(said[-1][1]):  # the next one has begun
            said[-1] = now_s, scheduler.seconds_left(now_s)
        if not events:
            return [*said, (now_s, 0.0)]
        events.sort()
        now_s, number, epochs = events.pop(0)
        task = tasks[number]
        outcome = outcomes[task.training.id]
        result: dict[str, Any] | None = outcome.to_json() if not epochs else None
        if epochs:
            seen = outcome.curve[epochs - 1]
            report = Epoch(seen.epoch, seen.epochs, seen.loss, seen.val_ap, seen.seconds)
            if scheduler.judge(task, report, False) is TrialAction.STOP:
                result = scheduler.stopped_outcome(task)
                events = [event for event in events if event[1] != number]
        if result:
            state = "stopped" if epochs else "complete"
            scheduler.ended(task, Entry(number, task.training, state, result, None, now_s))
            said.append((now_s, math.nan))


def errors(settings: SearchSettings, seeds: int, workers: int) -> dict[str, Any]:
    """Over seeds: ratios of estimated to true seconds left, by trainings that had ended."""
    ratios: dict[int, list[float]] = defaultdict(list)
    of_whole: dict[int, list[float]] = defaultdict(list)
    by_budget: dict[int, list[float]] = defaultdict(list)
    minutes: list[float] = []
    for seed in range(seeds):
        said = raced(structs.replace(settings, seed=seed), workers)
        end_s = said[-1][0]
        minutes.append(end_s / 60)
        for count, (now_s, left_s) in enumerate(said[:-1], start=1):
            if now_s < end_s:
                ratios[count].append(left_s / (end_s - now_s))
                of_whole[count].append((now_s + left_s) / end_s)
                at_mean_pace_s = now_s / count * (settings.budget - count)
                by_budget[count].append(at_mean_pace_s / (end_s - now_s))
    return {
        "minutes": [round(one, 1) for one in minutes],
        "ratios": {n: [round(one, 2) for one in each] for n, each in ratios.items()},
        "within_a_third_from_the_third_on": _within(ratios),
        "by_budget_within_a_third_from_the_third_on": _within(by_budget),
        "whole_within_a_third_from_the_third_on": _within(of_whole),
    }


def _within(ratios: dict[int, list[float]]) -> float:
    told = [ratio for count, each in ratios.items() if count >= 3 for ratio in each]
    return round(sum(2 / 3 <= ratio <= 4 / 3 for ratio in told) / len(told), 2)


def _end(entry: Entry) -> float:
    return entry.elapsed_s


def main() -> None:
    """Add up, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("study", type=Path, help="its folder, or a table of recorded trainings")
    parser.add_argument("--space", default="k210_face", help="to search, on a table")
    parser.add_argument("--seeds", type=int, default=8, help="searches on a table")
    parser.add_argument("--workers", type=int, default=2, help="trainings at a time on a table")
    options = parser.parse_args()
    study = options.study
    if study.suffix == ".jsonl":
        settings = SearchRequest(replay=study, space=options.space, budget=50).settings()
        print(json.dumps(errors(settings, options.seeds, options.workers), indent=1))
        return
    record, folder = load_study(study), StudyFolder.open(study)
    report = {**shares_of(record, folder), "time_left": foreseen(record)}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
