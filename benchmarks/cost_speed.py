"""How long it takes to price the whole default space, and to start `dse.cost` at all.

    python benchmarks/cost_speed.py [--target k210] [--space mobilenetv2_face] [--repeats 5]

Prints one JSON object: seconds of the first pricing in this process (nothing cached) for
each of several processes, the candidates counted by verdict, and the import's seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from typing import Any

ONCE = """
import json, sys, time
start = time.perf_counter()
from dse.cost import Target, price_space
from dse.space import SearchSpace
target, space = Target.load(sys.argv[1]), SearchSpace.load(sys.argv[2])
imported = time.perf_counter()
busy = time.process_time()
priced = price_space(space, target)
print(json.dumps({
    "import_seconds": imported - start,
    "price_seconds": time.perf_counter() - imported,
    "price_cpu_seconds": time.process_time() - busy,
    "verdicts": [one.verdict.reason or one.verdict.status for one in priced],
    "tensorflow": "tensorflow" in sys.modules,
}))
"""


def measure(target: str, space: str, repeats: int) -> dict[str, Any]:
    """Best and all times over `repeats` fresh processes."""
    runs = []
    for _ in range(repeats):
        command = [sys.executable, "-c", ONCE, target, space]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        runs.append(json.loads(done.stdout))
    return {
        "target": target,
        "space": space,
        "candidates": len(runs[0]["verdicts"]),
        "verdicts": dict(Counter(runs[0]["verdicts"])),
        "price_seconds_best": round(min(run["price_seconds"] for run in runs), 3),
        "price_seconds": [round(run["price_seconds"], 3) for run in runs],
        "price_cpu_seconds": [round(run["price_cpu_seconds"], 3) for run in runs],
        "import_seconds_best": round(min(run["import_seconds"] for run in runs), 3),
        "tensorflow_imported": any(run["tensorflow"] for run in runs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", default="k210")
    parser.add_argument("--space", default="mobilenetv2_face")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps(measure(options.target, options.space, options.repeats), indent=2))


if __name__ == "__main__":
    main()
