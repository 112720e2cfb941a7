"""Which proposer finds a good front with the fewest trainings? On an INVENTED AP.

    python benchmarks/proposers.py --seeds 5 --trainings 40 > proposers.json

No network is trained here. Feasible designs and their costs are those of the cost model; AP
is a made-up function of a design (see `invented_ap`), so that a search of 40 trainings costs
seconds and can be repeated over seeds. The figures compare proposers; they say nothing about
the AP of any real detector.

JSON on stdout: for each proposer the hypervolume after N trainings, as a share of what all
feasible designs together reach (mean, worst and best over the seeds), and the time that a
proposal takes. Progress on stderr.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import statistics
import sys
import time
from dataclasses import replace

from dse.cost import Target, price_space
from dse.errors import DseError
from dse.pareto import ObjectiveBox
from dse.search.proposers import PROPOSERS, Design, Observation, make_proposer
from dse.space import SearchSpace, Training

CHECKPOINTS = (5, 8, 12, 20, 30, 40, 50, 75, 100)
NOISE_SD = 0.012
"""Of one training against another of the same design: invented, too."""

LARGE_SPACE_SIZES = range(96, 321, 2)
"""Input sizes of the space of several thousand designs on which a proposal is timed."""


def invented_ap(training: Training, seed: int) -> float:
    """An AP in 0..1 that nothing was measured for.

    It saturates in input size and width, as accuracy does; breakpoint B suffers from its
    coarse map at small inputs; freezing more costs more where the network is narrow; and each
    (design, seed) has its own noise.
    """
    pixels = math.log2(training.input_size / 96)
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


def feasible_designs(space_name: str, target_name: str) -> list[Design]:
    """The designs that a search on this target would choose from, with their costs."""
    space = replace(SearchSpace.load(space_name), format=("kpu8",))
    priced = price_space(space, Target.load(target_name))
    return [
        Design(one.candidate.training, one.cost.latency_ms, one.cost.kmodel_bytes)
        for one in priced
        if one.verdict.status == "accepted"
    ]


def contest(
    name: str, designs: list[Design], seed: int, trainings: int, workers: int
) -> tuple[list[float], list[float]]:
    """One search: hypervolume share after each training, and seconds of each proposal."""
    box = ObjectiveBox.around(designs)
    rows = {
        design.training.id: (
            invented_ap(design.training, seed), design.latency_ms, design.kmodel_bytes
        )
        for design in designs
    }  # fmt: skip
    best = box.share(list(rows.values()))
    proposer = make_proposer(name, designs, seed, budget=trainings)
    past: list[Observation] = []
    running: list[Training] = []
    shares: list[float] = []
    seconds: list[float] = []
    while len(shares) < min(trainings, len(designs)):
        start = time.process_time()
        training = proposer.propose(past, [one.id for one in running])
        seconds.append(time.process_time() - start)
        if training is not None:
            running.append(training)
        if training is None or len(running) >= workers:
            ended = running.pop(0)
            ap = rows[ended.id][0]
            past.append(Observation(ended, ap, ap))
            shares.append(box.share([rows[one.training.id] for one in past]) / best)
    return shares, seconds


def summary(runs: list[tuple[list[float], list[float]]]) -> dict[str, object]:
    """The runs of one proposer, over seeds."""
    shares = [shares for shares, _ in runs]
    seconds = [one for _, seconds in runs for one in seconds]
    after = {}
    for count in CHECKPOINTS:
        if count <= len(shares[0]):
            values = [run[count - 1] for run in shares]
            after[str(count)] = {
                "mean": round(statistics.mean(values), 4),
                "worst": round(min(values), 4),
                "best": round(max(values), 4),
            }
    reached = [next((n for n, s in enumerate(run, 1) if s >= 0.99), None) for run in shares]
    return {
        "share_of_best_hypervolume_after": after,
        "trainings_to_99_percent": reached,
        "proposal_cpu_ms": {
            "median": round(1e3 * statistics.median(seconds), 1),
            "worst": round(1e3 * max(seconds), 1),
        },
    }


def large_space_ms(finished: int) -> dict[str, object]:
    """CPU time of one composite proposal among several thousand designs (costs invented)."""
    axes = SearchSpace.load("mobilenetv2_face")
    space = replace(axes, input_size=tuple(LARGE_SPACE_SIZES), format=("kpu8",))
    designs = [
        Design(one, one.input_size**2 * one.width / 300.0, int(one.width * 1e6))
        for one in space.trainings()
    ]
    past = [
        Observation(one.training, invented_ap(one.training, 0), 0.5)
        for one in designs[:: len(designs) // finished][:finished]
    ]
    proposer = make_proposer("composite", designs, 0)
    spent = []
    for _ in range(4):
        start = time.process_time()
        proposer.propose(past, [])
        spent.append(1e3 * (time.process_time() - start))
    return {"designs": len(designs), "finished": finished, "cpu_ms": round(min(spent), 1)}


def main() -> int:
    """Run the contest and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--space", default="mobilenetv2_face")
    parser.add_argument("--target", default="k210")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trainings", type=int, default=40)
    parser.add_argument("--workers", type=int, default=1, help="trainings under way at a time")
    parser.add_argument("--proposers", nargs="+", default=[*PROPOSERS])
    options = parser.parse_args()
    designs = feasible_designs(options.space, options.target)
    results: dict[str, object] = {}
    for name in options.proposers:
        print(f"{name} ...", file=sys.stderr)
        try:
            contest(name, designs[:20], 0, 14, 1)  # imports what it needs, outside the timing
            results[name] = summary(
                [
                    contest(name, designs, seed, options.trainings, options.workers)
                    for seed in range(options.seeds)
                ]
            )
        except DseError as error:
            results[name] = {"left_out": f"{error}; {error.hint}"}
    report = {
        "warning": "AP is an invented function; no network was trained",
        "space": options.space,
        "target": options.target,
        "feasible_trainings": len(designs),
        "seeds": options.seeds,
        "workers": options.workers,
        "proposers": results,
        "composite_in_a_large_space": large_space_ms(finished=min(50, options.trainings)),
    }
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
