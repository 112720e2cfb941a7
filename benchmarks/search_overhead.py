"""What a decision of the search costs the driver as a search grows long. On an INVENTED AP.

    python benchmarks/search_overhead.py --candidates 1000000 --trainings 10000 > overhead.json

No network is trained or priced here. Designs, costs, learning curves and AP are made up (see
`invented_plan` and `invented_outcome`), so that ten thousand trainings take minutes; what is
measured is real: the coordinator, the journal on the disk, the proposer and the early stopping of
`dse search`, driven by the executor that runs everything in this process.

A decision is all that the driver does from one training to the next: choose it, open its trial,
judge each of its epochs, and record how it ended. JSON on stdout: per window of decisions the
CPU time of a decision in ms, of all threads (median, 99th percentile and mean), and the means of
its parts; each window's mean as a multiple of the first's; and the resident memory. `--price N`
adds what pricing N candidates of the real cost model takes. Progress on stderr.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import math
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from dse.chips import load_target
from dse.network.families import BREAKPOINTS
from dse.search import SearchRequest, StudyFolder, scheduler
from dse.search.driver import make_coordinator
from dse.search.interruption import Interruption
from dse.search.progress import Progress
from dse.search.proposers import Design
from dse.space import FORMATS, SearchSpace, Training
from dse.study.candidates import Candidates
from dse.study.columns import study_columns
from dse.study.file_journal import FileJournal
from dse.study.plan import SearchPlan, priced_rows
from dse.study.rows import CandidateRow
from dse.study.training_result import Outcome
from dse.training.recipe import EpochReport
from dse.workers.executor import TaskRunner
from dse.workers.inline import InlineExecutor

EPOCHS = 30
NOISE_SD = 0.012
"""Of one training against another of the same design."""

WINDOW = 250
"""Decisions that a figure is taken over, from the given number of ended trainings on: one of them
learns the model anew, where that is rarest."""


def invented_plan(candidates: int) -> SearchPlan:
    """At least `candidates` of them, all feasible, at costs that grow as real ones do."""
    groups = [(letter, frozen) for letter in "ABC" for frozen in BREAKPOINTS[letter].lambdas]
    side = math.ceil(math.sqrt(candidates / len(FORMATS) / len(groups)))
    widths = [round(0.35 + 0.65 * step / max(1, side - 1), 5) for step in range(side)]
    family = replace(BREAKPOINTS["A"].family, widths=tuple(widths))
    for letter in "ABC":  # or the journal would not know the widths
        BREAKPOINTS[letter] = replace(BREAKPOINTS[letter], family=family)
    sizes = [size for size in range(96, 1025) if -(-size // 16) % 2 == 0][:side]  # C joins two maps
    space = SearchSpace(
        "invented", tuple("ABC"), (63, 98, 133), tuple(widths), tuple(sizes), FORMATS
    )
    trainings = [Training(*group, w, size) for group in groups for w in widths for size in sizes]
    designs = tuple(Design(one, *invented_costs(one)) for one in trainings)
    return SearchPlan(space, Candidates.of(study_columns(), rows_of(designs)), designs)


def invented_ap(training: Training, seed: int) -> float:
    """An AP in 0..1 that nothing was measured for.

    It saturates in input size and width, as accuracy does; breakpoint B suffers from its
    coarse map at small inputs; freezing more costs more where the network is narrow; and each
    (design, seed) has its own noise.
    """
    pixels = math.log2(math.sqrt(training.canvas.area) / 96)
    ap = 0.93 - 0.42 * math.exp(-0.9 * pixels) - 0.16 * math.exp(-3.0 * (training.width - 0.3))
    ap -= {"A": 0.0, "B": 0.05 + 0.12 * math.exp(-pixels), "C": 0.015}[training.breakpoint]
    frozen = (training.frozen_until - 63) / 70
    ap -= 0.10 * frozen * (1.2 - training.width)
    return min(1.0, max(0.0, ap + NOISE_SD * _standard_normal(f"{training.id} {seed}")))


def _standard_normal(text: str) -> float:
    """A draw that depends on `text` alone (Box and Muller)."""
    digest = hashlib.sha256(text.encode()).digest()
    one, two = (int.from_bytes(part, "big") + 1 for part in (digest[:8], digest[8:16]))
    return math.sqrt(-2 * math.log(one / 2**64)) * math.cos(2 * math.pi * two / 2**64)


def invented_costs(training: Training) -> tuple[float, int]:
    """(latency_ms, file_bytes)."""
    depth = {"A": 1.0, "B": 1.6, "C": 1.8}[training.breakpoint]
    latency_ms = 1e-3 * training.canvas.area * (0.2 + training.width) * depth
    return latency_ms, int(4e5 * (0.2 + training.width) ** 1.7 * depth**3)


def rows_of(designs: tuple[Design, ...]) -> Iterator[CandidateRow]:
    """The candidates of `designs`, as the plan of a search has them."""
    for design in designs:
        for format in FORMATS:
            for_chip = format == "kpu8"
            size = design.file_bytes * (1 if for_chip else 4)
            yield CandidateRow(
                candidate=design.training.in_format(format),
                parameters=size,
                macs=int(1e6 * design.latency_ms),
                file_bytes=size,
                figures={
                    "kmodel_bytes": size,
                    "main_memory_bytes": 2 * size,
                    "peak_kpu_bytes": 1 << 20,
                },
                latency_ms=design.latency_ms * (1 if for_chip else 20),
                latency_ms_low=design.latency_ms * 0.9,
                latency_ms_high=design.latency_ms * 30,
                energy_mj=design.latency_ms * 0.3,
                deployable=for_chip,
                status="accepted",
                reason="",
                layer="",
                message="",
                needed_bytes=0,
                allowed_bytes=0,
            )


def invented_outcome(
    job: None, training: Training, folder: Path, report: Callable[[EpochReport], bool]
) -> Outcome:
    """A curve that rises to the invented AP; cut short where `report` says so."""
    ap = invented_ap(training, 0)
    curve: list[EpochReport] = []
    for epoch in range(1, EPOCHS + 1):
        so_far = ap * (1 - math.exp(-6 * epoch / EPOCHS))
        curve.append(EpochReport(epoch, EPOCHS, 1 - so_far, so_far, float(epoch)))
        if not report(curve[-1]):
            return Outcome(training.id, epoch, True, float(epoch), so_far, {}, {}, curve)
    aps = dict.fromkeys(FORMATS, ap)
    return Outcome(training.id, EPOCHS, False, float(EPOCHS), so_far, aps, {}, curve)


class Stopwatch:
    """CPU time of nested parts, each without what runs inside it, decision by decision."""

    def __init__(self) -> None:
        self.decisions: list[dict[str, float]] = []
        self.memory_bytes: list[int] = []
        self._stack: list[str] = []
        self._since = time.process_time()

    def watch(self, thing: Any, name: str, part: str) -> None:
        """From now on, calls of the method `name` of `thing` count as `part`."""
        method = getattr(thing, name)

        def timed(*args: Any) -> Any:
            if name == "next_task":
                self.decisions.append({})
                self.memory_bytes.append(resident_bytes())
            self._enter(part)
            try:
                return method(*args)
            finally:
                self._leave()

        setattr(thing, name, timed)

    def _enter(self, part: str) -> None:
        self._lap()
        self._stack.append(part)

    def _leave(self) -> None:
        self._lap()
        self._stack.pop()

    def _lap(self) -> None:
        now = time.process_time()
        if self._stack and self.decisions:
            parts = self.decisions[-1]
            parts[self._stack[-1]] = parts.get(self._stack[-1], 0.0) + now - self._since
        self._since = now


def resident_bytes() -> int:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def searched(plan: SearchPlan, trainings: int, results: Path) -> Stopwatch:
    """A search of `trainings`, watched, which goes on when nothing is left to gain."""
    scheduler.WORTH = 0.0
    settings = SearchRequest(budget=trainings, measure_kmodels=False).settings()
    folder = StudyFolder.create(results, "overhead", "invented")
    journal, watch = FileJournal(folder.journal, folder.name), Stopwatch()
    coordinator = make_coordinator(
        folder, settings, plan, journal, Progress(io.StringIO()), Interruption(),
        began=time.monotonic(),
    )  # fmt: skip
    for name in ("start", "finish", "stop", "entries", "entry"):
        if hasattr(journal, name):
            watch.watch(journal, name, "journal")
    watch.watch(coordinator._scheduler._proposer, "propose", "propose")
    watch.watch(coordinator, "reported", "stop_decision")
    for name in ("next_task", "finished", "tick"):
        watch.watch(coordinator, name, "bookkeeping")
    runner = TaskRunner(None, folder.trainings, invented_outcome, lambda *_: None)
    InlineExecutor().run(runner, coordinator)
    return watch


def window(watch: Stopwatch, start: int) -> dict[str, Any]:
    """The figures of the decisions that `start` and more ended trainings preceded."""
    decisions = watch.decisions[start : start + WINDOW]
    totals = sorted(1e3 * sum(parts.values()) for parts in decisions)
    parts = sorted({part for decision in decisions for part in decision})
    return {
        "ended": start,
        "decision_cpu_ms": {
            "median": round(statistics.median(totals), 2),
            "p99": round(totals[int(0.99 * len(totals))], 2),
            "worst": round(totals[-1], 2),
            "mean": round(statistics.mean(totals), 2),
        },
        "mean_ms_of": {
            part: round(1e3 * statistics.mean(one.get(part, 0.0) for one in decisions), 3)
            for part in parts
        },
        "median_ms_of": {
            part: round(1e3 * statistics.median(one.get(part, 0.0) for one in decisions), 3)
            for part in parts
        },
        "resident_mb": round(watch.memory_bytes[start] / 1e6),
    }


def priced(candidates: int) -> dict[str, Any]:
    """What the real cost model takes for about so many candidates on the K210, and their table."""
    designs = invented_plan(candidates).designs
    every = [
        one.training.in_format(format)
        for one in designs
        for format in FORMATS
        if not BREAKPOINTS[one.training.breakpoint].misfit(one.training.canvas)
    ]
    before, start = resident_bytes(), time.process_time()
    rows = priced_rows(every, load_target("k210"))
    spent_s, table = time.process_time() - start, resident_bytes() - before
    return {
        "candidates": len(rows),
        "cpu_s": round(spent_s, 1),
        "us_each": round(1e6 * spent_s / len(rows), 1),
        "mb": round(table / 1e6),
    }


def main() -> int:
    """Run the search and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--trainings", type=int, default=10_000)
    parser.add_argument("--price", type=int, metavar="CANDIDATES", help="price as many, too")
    options = parser.parse_args()
    before = resident_bytes()
    start = time.process_time()
    plan = invented_plan(options.candidates)
    print(f"{len(plan.rows)} candidates ...", file=sys.stderr)
    planned, plan_s = resident_bytes(), time.process_time() - start
    with tempfile.TemporaryDirectory() as results:
        watch = searched(plan, options.trainings + WINDOW, Path(results))
        journal_bytes = next(Path(results).glob("*/journal*")).stat().st_size
    starts = [n for n in (100, 1000, 10_000, 100_000) if n <= options.trainings]
    windows = [window(watch, start) for start in starts]
    means = [one["decision_cpu_ms"]["mean"] for one in windows]
    report = {
        "warning": "AP, curves and costs are invented; no network was trained or priced",
        "candidates": len(plan.rows),
        "designs": len(plan.designs),
        "epochs": EPOCHS,
        "plan": {"cpu_s": round(plan_s, 1), "mb": round((planned - before) / 1e6)},
        "windows": windows,
        "mean_over_first_window": [round(mean / means[0], 2) for mean in means],
        "journal_mb": round(journal_bytes / 1e6, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
    }
    if options.price:
        report["pricing"] = priced(options.price)
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
