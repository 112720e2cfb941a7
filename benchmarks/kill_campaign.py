"""Searches on a Ray cluster that keep being killed: is anything lost, or done twice?

    python benchmarks/kill_campaign.py --kills 200 --table results/recorded/k210.jsonl

Studies are run one after the other on a table of recorded trainings (`dse.study.recorded`),
with a pause per epoch, so that a kill lands in the middle of things. At random moments, in
random order, SIGKILL goes to

- the driver, which is then started again with --resume (a fifth of them while it starts up)
- a worker process
- a node of the cluster: its raylet with all that runs below it; another node joins then

The cluster is one of this machine: a head without cores, and two nodes, which all studies
share. Every other study has one worker, early stopping and the default proposer:
what it trains, and its front, must be those of an undisturbed search, to the last. The others
have two workers, where the order of events is a matter of chance: they train every design of
the table without early stopping, so that only the front must be the same.

JSON on stdout: kills by kind; finished trainings that were lost, or worked at again after the
journal had them as finished; epochs begun more than once (the one in flight of each worker that
a kill hits); fronts that differ. Exit code 1 where one is lost, repeated or differs. Progress on
stderr. 200 kills took 37 and 47 minutes on two cores, with --epoch-s 0.3.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dse.files import write_whole
from dse.schema import read_json
from dse.search import RunOptions, SearchReport, SearchRequest, load_study, run_search
from dse.space import Training
from dse.study.file_journal import read_entries
from dse.study.recorded import RecordedTable
from dse.study.training_result import Outcome
from dse.training import EpochReport
from dse.workers.backend import TrainingBackend, replay_backend
from dse.workers.cores import available_cores
from dse.workers.job import RESULT_BYTES
from dse.workers.ray_executor import SETTINGS
from dse.workers.replay import RecordedJob, replay_training

STUDY = "killed"
BUDGET = 1000
"""More than any table holds: a study ends with its designs."""

KINDS = {"driver": 0.4, "worker": 0.5, "node": 0.1}
DURING_START = 0.2
"""Share of the driver's kills that do not wait for its first epoch."""

START_S, WORK_S = 8.0, 3.0
"""Longest wait before a kill: of a driver that starts, and after an epoch was worked."""

QUIET: dict[str, Any] = {
    "object_store_memory": 80 << 20,
    "include_dashboard": False,
    "include_log_monitor": False,
    "no_monitor": True,
}
"""Of a node: nothing but what runs tasks."""

TRIES = 4
"""For a node to start, before the last one."""

STUCK_S = 240.0
"""Without an epoch or an end: then the search hangs, and so would the campaign."""


@dataclass(frozen=True)
class SlowJob(RecordedJob):
    """A recorded training takes `epoch_s` an epoch, and tells `trace` of what it works."""

    epoch_s: float
    trace: str

    def relocated(self, cache: Path, places: Mapping[str, Path]) -> SlowJob:
        """The same job where the table was unpacked; the trace is everybody's."""
        return replace(self, table=super().relocated(cache, places).table)


def slow_training(
    job: SlowJob, training: Training, folder: Path, report: Callable[[EpochReport], bool]
) -> Outcome:
    """Works as a real training does: a checkpoint before each report, the outcome at the end."""
    metrics, checkpoint = folder / "metrics.json", folder / "checkpoint.json"
    if metrics.exists():
        return read_json(metrics, RESULT_BYTES, Outcome)
    done = json.loads(checkpoint.read_text()) if checkpoint.exists() else 0

    def worked(epoch: EpochReport) -> bool:
        if epoch.epoch > done:
            note(job, training, epoch.epoch)
            time.sleep(job.epoch_s)
            write_whole(checkpoint, json.dumps(epoch.epoch))
        return report(epoch)

    outcome = replay_training(job, training, folder, worked)
    if not outcome.stopped:
        note(job, training, "evaluation")
        time.sleep(job.epoch_s)
    write_whole(metrics, json.dumps(outcome.to_json()))
    return outcome


def note(job: SlowJob, training: Training, what: object) -> None:
    """A line of the trace, as work on it begins: training, epoch, process."""
    with open(job.trace, "a") as file:
        file.write(f"{training.id} {what} {os.getpid()}\n")


def backend(table: Path, trace: Path, epoch_s: float) -> TrainingBackend:
    """Replays `table`, slowly."""
    quick = replay_backend(table)
    return TrainingBackend(
        describe=quick.describe,
        make_job=lambda study, cache: SlowJob(str(table), epoch_s, str(trace)),
        train=slow_training,
        measure=quick.measure,
        trainings=quick.trainings,
    )


@dataclass
class Study:
    """One study that is killed now and then.

    finished: what the journal was seen to hold as finished, with the trace's length then.
    """

    root: Path
    number: int
    table: Path
    epoch_s: float
    finished: dict[str, tuple[dict[str, Any], int]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    @property
    def trace(self) -> Path:
        """What was begun, a line an epoch."""
        return self.root / "trace"

    @property
    def ordered(self) -> bool:
        """Whether one worker makes the order of events a matter of the seed alone."""
        return self.number % 2 == 0

    def options(self, resume: bool, **more: Any) -> tuple[SearchRequest, RunOptions]:
        """Those of the search; a resumed one has them from the study."""
        chosen: dict[str, Any] = {} if resume else {
            "budget": BUDGET,
            "seed": self.number,
            "early_stopping": self.ordered,
            "replay": self.table,
        }  # fmt: skip
        how = RunOptions(results=self.root, study=STUDY, resume=resume, **more)
        return SearchRequest(**chosen), how

    def command(self) -> list[str]:
        """Arguments of this program that run the study, or go on with it."""
        begun = (self.root / STUDY / "study.toml").exists()
        return [
            *("--study", str(self.root), str(self.number), "--table", str(self.table)),
            *("--epoch-s", str(self.epoch_s), *(["--resume"] if begun else [])),
        ]

    def worked(self) -> list[list[str]]:
        """The trace so far."""
        lines = self.trace.read_text().splitlines() if self.trace.exists() else []
        return [line.split() for line in lines]

    def look(self) -> None:
        """Compares the journal with what was seen of it before."""
        ended = ("complete", "stopped")
        found = read_entries(self.root / STUDY / "journal.log", STUDY)
        entries = [entry for entry in found if entry.state in ended]
        now = {entry.training.id: entry.outcome for entry in entries}
        self.lost |= {id for id, (seen, _) in self.finished.items() if now.get(id) != seen}
        lines = len(self.worked())  # the work of what is finished is in there already
        for id, outcome in now.items():
            self.finished.setdefault(id, (outcome, lines))

    def differs(self, report: dict[str, Any]) -> bool:
        """Whether an undisturbed search on the same table finds another front, or, where the
        order is no matter of chance, trains something else."""
        quiet = Study(self.root / "undisturbed", self.number, self.table, 0.0)
        quiet.root.mkdir()
        with redirect_stderr(io.StringIO()):
            expected = run_search(
                *quiet.options(resume=False, executor="inline"),
                backend(quiet.table, quiet.trace, 0.0),
            )
        return _essence(report) != _essence(expected.as_dict()) or (
            self.ordered and _sequence(self.root) != _sequence(quiet.root)
        )

    def figures(self, report: dict[str, Any]) -> dict[str, int]:
        """What came of it, after its end."""
        self.look()
        lines = self.worked()
        again = {
            line[0] for id, (_, at) in self.finished.items() for line in lines[at:] if line[0] == id
        }
        epochs = Counter((id, epoch) for id, epoch, _ in lines)
        return {
            "trainings": len(self.finished),
            "finished_trainings_lost": len(self.lost),
            "finished_trainings_repeated": len(again),
            "failed_trainings": report["failed"],
            "epochs": len(epochs),
            "epochs_repeated": epochs.total() - len(epochs),
            "fronts_that_differ": int(self.differs(report)),
        }


class Nodes:
    """A cluster on this machine."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster()
        self._add(0)
        self._nodes = [self._add(available_cores()) for _ in range(2)]

    @property
    def address(self) -> str:
        """host:port of the head."""
        return str(self._cluster.address)

    def kill_one(self, rng: random.Random) -> None:
        """SIGKILL to a node's processes; another one joins."""
        node = self._nodes.pop(rng.randrange(len(self._nodes)))
        self._cluster.remove_node(node, allow_graceful=False)
        self._nodes.append(self._add(available_cores()))

    def _add(self, num_cpus: int) -> Any:
        """Ray gives the parts of a node 15 s to start, which can be too short on a busy machine."""
        for _ in range(TRIES):
            with suppress(Exception):
                return self._cluster.add_node(num_cpus=num_cpus, **QUIET)
        return self._cluster.add_node(num_cpus=num_cpus, **QUIET)

    def shutdown(self) -> None:
        """Ends all of it."""
        self._cluster.shutdown()  # type: ignore[no-untyped-call]


@dataclass
class Campaign:
    """Kills to come, and those that were."""

    nodes: Nodes
    rng: random.Random
    left: int
    kills: Counter[str] = field(default_factory=Counter)

    def run(self, study: Study) -> dict[str, Any]:
        """Runs `study` to its end through as many kills as come; its report."""
        driver: subprocess.Popen[str] | None = None
        try:
            while True:
                driver = driver or self._start(study)
                kind = self.rng.choices([*KINDS], [*KINDS.values()])[0] if self.left else None
                if self._wait(study, driver, kind):
                    return _report(driver)
                assert kind is not None
                self._kill(kind, study, driver)
                study.look()
                driver = None if kind == "driver" else driver
        finally:
            if driver and driver.poll() is None:
                driver.kill()

    def _start(self, study: Study) -> subprocess.Popen[str]:
        command = [sys.executable, __file__, *study.command(), "--driver", self.nodes.address]
        with open(study.root / "log", "a") as log:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)

    def _wait(self, study: Study, driver: subprocess.Popen[str], kind: str | None) -> bool:
        """Until it is time to kill, which is random, or the search ended: then True."""
        before, began = len(study.worked()), time.monotonic()
        starting = kind == "driver" and self.rng.random() < DURING_START
        at = began + self.rng.uniform(0, START_S) if starting else None
        while driver.poll() is None:
            now, lines = time.monotonic(), len(study.worked())
            if lines > before:
                before, began = lines, now
                study.look()
                if kind and at is None:
                    at = now + self.rng.uniform(0, WORK_S)
            if at is not None and now >= at:
                return False
            if now - began > STUCK_S:
                raise SystemExit(f"the search of {study.root} makes no progress; see its log")
            time.sleep(0.05)
        return True

    def _kill(self, kind: str, study: Study, driver: subprocess.Popen[str]) -> None:
        if kind == "node":
            self.nodes.kill_one(self.rng)
        elif kind == "driver":
            driver.kill()
            driver.wait()
        else:
            workers = sorted({int(line[2]) for line in study.worked()[-4:]})
            alive = [process for process in workers if Path(f"/proc/{process}").exists()]
            if not alive:
                return
            os.kill(self.rng.choice(alive), signal.SIGKILL)
        self.kills[kind] += 1
        self.left -= 1
        print(f"kill {sum(self.kills.values())}: {kind}", file=sys.stderr, flush=True)


def _report(driver: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = driver.communicate()
    if driver.returncode:
        raise SystemExit(f"the driver ended with {driver.returncode}; see its log")
    report: dict[str, Any] = json.loads(out)
    return report


def _essence(report: dict[str, Any]) -> tuple[Any, ...]:
    """What must be the same. The hypervolume is a sum in the order of events, so that its last
    digit is a matter of that order."""
    hypervolume = round(report["hypervolume"], 12)
    return report["trained"], report["stopped_early"], hypervolume, report["front"]


def _sequence(root: Path) -> list[tuple[str, str]]:
    return [(e.training.id, e.state) for e in load_study(root / STUDY).entries]


def drive(options: argparse.Namespace) -> int:
    """One run of one study, in a process that may be killed."""
    root, number = options.study
    study = Study(Path(root), int(number), options.table, options.epoch_s)
    chosen = study.options(
        options.resume, ray_address=options.driver, workers=1 if study.ordered else 2
    )
    report: SearchReport = run_search(*chosen, backend(study.table, study.trace, study.epoch_s))
    print(json.dumps(report.as_dict()))
    return 0


@contextmanager
def surroundings() -> Iterator[Path]:
    """A folder for all files, and what Ray's processes have to inherit."""
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        source = Path(__file__).resolve().parent
        paths = [str(source), str(source.parent), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        os.environ.update({**SETTINGS, "RAY_TMPDIR": folder})
        # The cluster's own secret, whatever the machine has: Ray asks every process for it.
        os.environ.update({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)})
        yield Path(folder)


def main() -> int:
    """Kill, and count."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epoch-s", type=float, default=0.5, help="seconds an epoch takes")
    parser.add_argument("--table", type=Path, required=True, help="of recorded trainings")
    parser.add_argument("--driver", metavar="ADDRESS", help=argparse.SUPPRESS)
    parser.add_argument("--study", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--resume", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.table = options.table.resolve()
    if options.driver:
        import kill_campaign  # by name, as workers load it

        return kill_campaign.drive(options)
    RecordedTable.load(options.table)  # raises while there is nothing to end
    began, totals, studies = time.monotonic(), Counter[str](), 0
    with surroundings() as folder:
        nodes = Nodes()
        try:
            campaign = Campaign(nodes, random.Random(options.seed), options.kills)
            while campaign.left:
                root = folder / f"study-{studies}"
                root.mkdir()
                study = Study(root, studies, options.table, options.epoch_s)
                totals.update(study.figures(campaign.run(study)))
                studies += 1
        finally:
            nodes.shutdown()
    found = {
        "kills": dict(campaign.kills),
        "studies": studies,
        **totals,
        "minutes": round((time.monotonic() - began) / 60, 1),
    }
    print(json.dumps(found, indent=1))
    wrong = ("finished_trainings_lost", "finished_trainings_repeated", "fronts_that_differ")
    return int(any(totals[name] for name in wrong))


if __name__ == "__main__":
    sys.exit(main())
