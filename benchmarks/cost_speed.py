"""How fast candidates are priced, how fast `dse check` starts, how long compiling would take.

    python benchmarks/cost_speed.py [--target k210] [--space mobilenetv2_face] [--repeats 5]
        [--compile 3]

Prints one JSON object. `spaces`: the given one, and a large one of 50 widths and 60 input
sizes, each priced in `--repeats` fresh processes with nothing cached; the best of them, in
seconds of one core's time and on the clock, which on a busy machine is longer. `check`: a
whole `dse check` of one design. `compiled`: as many networks of the space, drawn at random,
through TFLite and nncase, and how often one could be priced in that time.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

from dse.canvas import Canvas
from dse.network.families import BREAKPOINTS
from dse.space import FORMATS, Candidate, SearchSpace, Training

__all__ = ["large_space", "measure"]

LARGE = "large"
ONCE = """
import json, sys, time
start = time.perf_counter()
import dse.chips.k210.cost.batch
from dse.chips import Target, price_space, load_target
from cost_speed import space_of
target, space = load_target(sys.argv[1]), space_of(sys.argv[2])
imported = time.perf_counter()
busy = time.process_time()
priced = price_space(space, target)
busy = time.process_time() - busy
print(json.dumps({
    "import_seconds": imported - start,
    "seconds": time.perf_counter() - imported,
    "core_seconds": busy,
    "verdicts": [one.verdict.reason or one.verdict.status for one in priced],
    "tensorflow": "tensorflow" in sys.modules,
}))
"""


def large_space() -> list[Candidate]:
    """50 widths, 60 input sizes, every breakpoint, lambda and format that go together."""
    widths = [round(0.3 + 0.02 * step, 2) for step in range(50)]
    return [
        Candidate(Training(breakpoint, frozen_until, width, size), format)
        for breakpoint in "ABC"
        for frozen_until in BREAKPOINTS[breakpoint].lambdas
        for width in widths
        for size in range(96, 96 + 8 * 60, 8)
        for format in FORMATS
        if not BREAKPOINTS[breakpoint].misfit(Canvas(size, size))
    ]


def space_of(name: str) -> SearchSpace | list[Candidate]:
    """The space called `name`."""
    return large_space() if name == LARGE else SearchSpace.load(name)


def measure(target: str, space: str, repeats: int) -> dict[str, Any]:
    """The best of `repeats` fresh processes that price `space`."""
    runs = []
    for _ in range(repeats):
        command = [sys.executable, "-c", ONCE, target, space]
        folder = sys.path[0]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
        runs.append(json.loads(done.stdout))
    count = len(runs[0]["verdicts"])
    core_seconds = min(run["core_seconds"] for run in runs)
    return {
        "space": space,
        "candidates": count,
        "verdicts": dict(Counter(runs[0]["verdicts"])),
        "candidates_per_core_second": round(count / core_seconds),
        "core_seconds": round(core_seconds, 3),
        "seconds": round(min(run["seconds"] for run in runs), 3),
        "import_seconds": round(min(run["import_seconds"] for run in runs), 3),
        "tensorflow_imported": any(run["tensorflow"] for run in runs),
    }


def measure_check(target: str, repeats: int) -> dict[str, Any]:
    """The best of `repeats` whole runs of `dse check`."""
    command = [sys.executable, "-m", "dse", "check", "A98-a0.5-224-kpu8", "--target", target]
    seconds, core_seconds = zip(*(_run(command) for _ in range(repeats)), strict=True)
    return {"seconds": round(min(seconds), 3), "core_seconds": round(min(core_seconds), 3)}


def _run(command: list[str]) -> tuple[float, float]:
    """Seconds on the clock, and of the cores."""
    start, busy = time.perf_counter(), _children_seconds()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start, _children_seconds() - busy


def measure_compiler(target: str, space: str, count: int) -> dict[str, Any]:
    """The mean of `count` networks through TFLite and nncase, in seconds of the cores."""
    from dse.chips.k210.compiler.second_opinion import compiled_row
    from dse.chips.k210.target import K210Target

    chip = K210Target.load(target)
    names = [one.id for one in SearchSpace.load(space) if one.format == "kpu8"]
    compiled_row(names[0], chip)  # imports everything
    busy = time.process_time() + _children_seconds()
    for name in random.Random(0).sample(names, count):
        compiled_row(name, chip)
    core_seconds = time.process_time() + _children_seconds() - busy
    return {"networks": count, "core_seconds_each": round(core_seconds / count, 3)}


def _children_seconds() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", default="k210")
    parser.add_argument("--space", default="mobilenetv2_face")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--compile", type=int, default=3, help="networks to compile; 0: none")
    options = parser.parse_args()
    spaces = [measure(options.target, space, options.repeats) for space in (options.space, LARGE)]
    found = {
        "target": options.target,
        "spaces": spaces,
        "check": measure_check(options.target, options.repeats),
    }
    if options.compile:
        compiled = measure_compiler(options.target, options.space, options.compile)
        pace = spaces[0]["candidates_per_core_second"]
        compiled["priced_in_that_time"] = round(compiled["core_seconds_each"] * pace)
        found["compiled"] = compiled
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
