"""Which search finds a good front with the least training? On recorded, real trainings.

    python benchmarks/search_contest.py --seeds 20 --figure docs/search-contest.png > contest.json

Every search runs on a table of trainings that were really done (`dse.study.recorded`), so 20
seeds of a search of 100 trainings cost minutes. Costs and limits are the cost model's. What is
compared, all with the same trainings, stopping rule and yardstick (hypervolume of the deployable
designs on logarithmic scales, as a share of what all of them together reach):

- proposers: composite, and Optuna's TPE, NSGA-II and GP, and random order
- "fits": it chooses among the designs that fit. "blind": among all; a design that does not fit
  costs a training, which is told as a violated constraint, and gains nothing. Its seconds are
  the mean of the table, as it was never trained.
- early stopping on and off; trainings on one worker, one after the other

- "plain": what one would do without any of this. Candidates (a design in one of seven formats) in
  random order, whether they fit or not, each trained in full by plain Keras and evaluated in its
  own format. A training's seconds are those of the table times `PLAIN_KERAS`; left out where that
  was not measured for some design.

JSON on stdout: hypervolume after 5, 10, 20, 50 and 100 trainings (mean, deviation, worst), and
trainings and hours of work to 95 % of what can be reached. Progress on stderr.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from dse.chips import load_target
from dse.pareto import ObjectiveBox
from dse.search.proposers import PROPOSERS, Design, Observation, make_proposer
from dse.search.scheduler import WORTH
from dse.search.stopping import DominanceStopper, FinishedCurve
from dse.space import FORMATS, SearchSpace, Training
from dse.study.plan import make_plan
from dse.study.recorded import RecordedTable
from dse.study.training_result import Outcome
from dse.views.dashboard.figure_files import write_figure
from dse.views.dashboard.style import layout

CHECKPOINTS = (5, 10, 20, 50, 100)
GOAL = 0.95

PLAIN_KERAS = {"A63": 1.58, "A98": 1.27, "P3": 0.98, "P5": 1.15, "P8": 1.49}
"""Time of plain Keras as a multiple of ours, frozen layers computed in every epoch: measured by
`benchmarks/frozen_features.py --pictures 600` on A63-a0.5-128, A98-a0.5-192, P3-a1-192, P5-a1-192
and P8-a0.5-256, on the photographs of the table."""

COLOURS = {
    "plain": "#cc79a7",
    "composite": "#1c2330",
    "tpe": "#0072b2",
    "nsga2": "#009e73",
    "gp": "#d55e00",
    "random": "#999999",
}
"""Of Okabe and Ito's palette, told apart by every kind of eye."""


@dataclass(frozen=True)
class Contender:
    """A way to search. fits: it knows what fits. stopping: it ends what is beaten already."""

    proposer: str
    fits: bool = True
    stopping: bool = True

    @property
    def name(self) -> str:
        """For people."""
        knows = "fits" if self.fits else "blind"
        return f"{self.proposer}, {knows}, {'stopping' if self.stopping else 'in full'}"


@dataclass(frozen=True)
class Race:
    """One search: after each training, seconds of work so far and the share reached; how many it
    stopped, and how many of those would have been on the front of all designs; and after how
    many trainings nothing more was expected to be gained, where the proposer knows."""

    seconds: list[float]
    shares: list[float]
    stopped: int
    wrongly_stopped: int
    ends: int | None = None


class Course:
    """The recorded designs of some spaces on a target, and what is to be found among them."""

    def __init__(self, table: Path, spaces: Sequence[str], target: str) -> None:
        self.outcomes = RecordedTable.load(table).outcomes
        every: dict[Training, Design] = {}
        fitting: dict[Training, Design] = {}
        for name in spaces:
            space = replace(SearchSpace.load(name), format=("kpu8",))
            plan = make_plan(space, load_target(target))
            fitting |= {d.training: d for d in plan.designs if d.training.id in self.outcomes}
            feasible = {design.training for design in plan.designs}
            for row in plan.rows:
                if row.training not in feasible:
                    every[row.training] = Design(row.training, row.latency_ms, row.file_bytes)
        self.fitting = list(fitting.values())
        self.every = [*self.fitting, *every.values()]
        self.box = ObjectiveBox.around(self.fitting)
        self.whole = self.box.share([self.point(design) for design in self.fitting])
        self.mean_s = statistics.mean(
            self.outcomes[design.training.id].seconds for design in self.fitting
        )

    def point(self, design: Design) -> tuple[float, float, float]:
        """(AP, latency_ms, file_bytes) of a recorded design."""
        ap = self.outcomes[design.training.id].ap["kpu8"]
        return ap, design.latency_ms, design.file_bytes

    def race(self, contender: Contender, seed: int, trainings: int) -> Race:
        """One search of at most so many trainings."""
        designs = self.fitting if contender.fits else self.every
        proposer = make_proposer(contender.proposer, designs, seed, budget=trainings)
        stopper = DominanceStopper(self.fitting)
        by_training = {design.training: design for design in self.fitting}
        past: list[Observation] = []
        points: list[tuple[float, float, float]] = []
        cut: list[Design] = []
        race = Race([], [], 0, 0)
        spent, share = 0.0, 0.0
        while len(race.shares) < trainings:
            training = proposer.propose(past, [])
            if training is None:
                break
            if race.ends is None and proposer.expected_gain < WORTH:
                race = replace(race, ends=len(race.shares))
            if training not in by_training:
                past.append(Observation(training, math.nan, math.nan))
                spent += self.mean_s
            else:
                outcome = self.outcomes[training.id]
                curve = [(epoch.epoch, epoch.epochs, epoch.val_ap) for epoch in outcome.curve]
                ends = _stopped_at(stopper, training, curve) if contender.stopping else None
                if ends:
                    past.append(Observation(training, math.nan, curve[ends - 1][2], stopped=True))
                    spent += outcome.curve[ends - 1].seconds
                    cut.append(by_training[training])
                else:
                    past.append(Observation(training, outcome.ap["kpu8"], outcome.val_ap))
                    stopper.learn(FinishedCurve(training, curve))
                    points.append(self.point(by_training[training]))
                    spent += outcome.seconds
                    share = self.box.share(points) / self.whole
            race.seconds.append(spent)
            race.shares.append(share)
        wrong = sum(self._gains(points, design) for design in cut)
        return replace(race, stopped=len(cut), wrongly_stopped=wrong)

    def plain_race(self, seed: int) -> Race:
        """Every candidate in random order, trained in full by plain Keras, until all are done."""
        candidates = [(design, format) for design in self.every for format in FORMATS]
        random.Random(seed).shuffle(candidates)
        points: list[tuple[float, float, float]] = []
        race = Race([], [], 0, 0)
        spent, share = 0.0, 0.0
        for design, format in candidates:
            outcome = self.outcomes.get(design.training.id)
            deployable = format == "kpu8" and outcome is not None
            spent += self._plain_s(outcome, deployable) if outcome else self.mean_plain_s
            if deployable:
                points.append(self.point(design))
                share = self.box.share(points) / self.whole
            race.seconds.append(spent)
            race.shares.append(share)
        return race

    @property
    def knows_plain_keras(self) -> bool:
        """Whether its time was measured for every family of designs here."""
        return {_family(design.training.id) for design in self.fitting} <= PLAIN_KERAS.keys()

    @cached_property
    def mean_plain_s(self) -> float:
        """Of a training of plain Keras, over the designs that fit."""
        found = [self.outcomes[design.training.id] for design in self.fitting]
        return statistics.mean(self._plain_s(outcome, deployable=True) for outcome in found)

    def _plain_s(self, outcome: Outcome, deployable: bool) -> float:
        """Training by plain Keras; compiling and running the kmodel where there is one."""
        fitted = outcome.curve[-1].seconds
        as_often = PLAIN_KERAS[_family(outcome.training_id)]
        return fitted * as_often + (outcome.seconds - fitted if deployable else 0.0)

    def _gains(self, points: Sequence[tuple[float, float, float]], design: Design) -> bool:
        """Whether a design would have been on the front of what was finished."""
        return self.box.share([*points, self.point(design)]) > self.box.share(points) + 1e-12


def _family(training_id: str) -> str:
    """Breakpoint and lambda."""
    return training_id.split("-")[0]


def _stopped_at(
    stopper: DominanceStopper,
    training: Training,
    curve: list[tuple[int, int, float]],
) -> int | None:
    """The epoch after which `training` is stopped, if it is."""
    for epochs in range(1, len(curve)):
        if stopper.may_continue(training, curve[:epochs]).stop:
            return epochs
    return None


@lru_cache
def course(table: Path, spaces: tuple[str, ...], target: str) -> Course:
    """The same in every call of a process."""
    return Course(table, spaces, target)


def raced(
    where: tuple[Path, tuple[str, ...], str], trainings: int, entry: tuple[Contender, int]
) -> Race:
    """One search, in a process of a pool."""
    return course(*where).race(*entry, trainings)


def summary(races: Sequence[Race]) -> dict[str, object]:
    """The races of one contender, over seeds."""
    after = {}
    for count in CHECKPOINTS:
        shares = [race.shares[min(count, len(race.shares)) - 1] for race in races]
        after[str(count)] = {
            "mean": round(statistics.mean(shares), 4),
            "deviation": round(statistics.stdev(shares), 4) if len(shares) > 1 else 0.0,
            "worst": round(min(shares), 4),
        }
    reached = [
        next((n for n, share in enumerate(race.shares) if share >= GOAL), None) for race in races
    ]
    hours = [
        race.seconds[n] / 3600 for race, n in zip(races, reached, strict=True) if n is not None
    ]
    counts = [n + 1 for n in reached if n is not None]
    stopped = sum(race.stopped for race in races)
    ends = [race.ends for race in races if race.ends]
    lost = [
        race.shares[min(50, len(race.shares)) - 1] - race.shares[race.ends - 1]
        for race in races
        if race.ends and race.ends <= 50
    ]
    at_fifty = [race.seconds[min(50, len(race.seconds)) - 1] / 3600 for race in races]
    return {
        "share_of_reachable_hypervolume_after": after,
        "trainings_to_95_percent": round(statistics.mean(counts), 1) if counts else None,
        "hours_to_95_percent": round(statistics.mean(hours), 3) if hours else None,
        "nothing_to_gain_after": (min(ends), statistics.median(ends), max(ends)) if ends else None,
        "share_lost_by_50_trainings": round(max(lost), 4) if lost else None,
        "hours_of_50_trainings": round(statistics.mean(at_fifty), 3),
        "seeds_that_reached_95_percent": len(counts),
        "stopped_a_search": round(stopped / len(races), 1),
        "wrongly_stopped_share": round(sum(r.wrongly_stopped for r in races) / stopped, 3)
        if stopped
        else None,
    }


def contenders(names: Sequence[str]) -> list[Contender]:
    """Every proposer with and without knowledge of what fits, and with and without stopping."""
    choices = [(fits, stopping) for fits in (True, False) for stopping in (True, False)]
    return [Contender(name, fits, stopping) for name in names for fits, stopping in choices]


def figure(found: Mapping[str, Sequence[Race]]) -> go.Figure:
    """Mean share over trainings, and over hours of work, of the searches as people run them.

    Those that know what fits stop early (drawn through); those that do not train in full
    (dashed).
    """
    shown = {
        name: races
        for name, races in found.items()
        if name.endswith(("fits, stopping", "blind, in full"))
    }
    last_s = [
        race.seconds[-1] for name, races in shown.items() for race in races if "plain" not in name
    ]
    hours = np.linspace(0, max(last_s), 200)
    chart = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.04)
    chart.update_layout(layout(showlegend=True, width=1000, height=440))
    for name, races in shown.items():
        proposer, knows, _ = name.split(", ")
        line = {"color": COLOURS[proposer], "dash": "solid" if knows == "fits" else "dash"}
        count = min(max(len(race.shares) for race in races), CHECKPOINTS[-1])
        over_trainings = np.mean([_at(race.shares, np.arange(count)) for race in races], axis=0)
        over_hours = np.mean(
            [_at(race.shares, np.searchsorted(race.seconds, hours, "right") - 1) for race in races],
            axis=0,
        )
        for column, x, y in (
            (1, np.arange(1, count + 1), over_trainings),
            (2, hours / 3600, over_hours),
        ):
            trace = go.Scatter(x=x, y=y, name=f"{proposer}, {knows}", line=line, mode="lines")
            chart.add_trace(trace.update(showlegend=column == 1, legendgroup=name), 1, column)
    chart.update_xaxes(title="Trainings", row=1, col=1)
    chart.update_xaxes(title="Hours of work", row=1, col=2)
    chart.update_yaxes(title="Share of the reachable hypervolume", range=[0, 1.01], row=1, col=1)
    return chart


def _at(shares: Sequence[float], places: NDArray[np.int_]) -> NDArray[np.float64]:
    """`shares` at these places; nothing before the first, the last one after the end."""
    padded = np.array([0.0, *shares])
    return np.asarray(padded[np.clip(places + 1, 0, len(shares))])


def main() -> int:
    """Hold the contest and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", type=Path, default=Path("results/recorded/k210.jsonl"))
    parser.add_argument("--spaces", nargs="+", default=["k210_face"])
    parser.add_argument("--target", default="k210")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trainings", type=int, default=100)
    parser.add_argument("--proposers", nargs="+", default=[*PROPOSERS], choices=[*PROPOSERS])
    parser.add_argument(
        "--only", nargs="+", help="contenders by name, such as 'gp, fits, stopping' (default: all)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--figure", type=Path, help="draw it, as .png, .svg or .html")
    options = parser.parse_args()
    where = (options.table, tuple(options.spaces), options.target)
    ground = course(*where)
    report: dict[str, object] = {
        "table": options.table.name,
        "target": options.target,
        "recorded_designs_that_fit": len(ground.fitting),
        "designs_that_do_not_fit": len(ground.every) - len(ground.fitting),
        "hours_of_all": round(ground.mean_s * len(ground.fitting) / 3600, 2),
        "seeds": options.seeds,
    }
    found: dict[str, list[Race]] = {}
    with ProcessPoolExecutor(options.jobs) as pool:
        for contender in contenders(options.proposers):
            if options.only and contender.name not in options.only:
                continue
            print(contender.name, file=sys.stderr)
            entries = [(contender, seed) for seed in range(options.seeds)]
            race = partial(raced, where, options.trainings)
            found[contender.name] = list(pool.map(race, entries))
    if ground.knows_plain_keras:
        plain = [ground.plain_race(seed) for seed in range(options.seeds)]
        found["plain, blind, in full"] = plain
    report["contenders"] = {name: summary(races) for name, races in found.items()}
    if options.figure:
        write_figure(figure(found), options.figure)
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
