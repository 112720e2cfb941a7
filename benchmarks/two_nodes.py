"""Real trainings on a Ray cluster of one node of one core, and of two: how much faster?

    python benchmarks/two_nodes.py --budget 6 > two_nodes.json

Both clusters are on this machine, so it needs two free cores. Each node has a cache of its own,
to which pictures travel and in which scenes and features are made anew, as between machines.
The same designs are trained by both (random order, no early stopping). JSON on stdout: seconds
of search, from the first task to the last, and their ratio. Progress on stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dse.search import RunOptions, SearchReport, SearchRequest, run_search
from dse.training import Recipe
from dse.workers.ray_executor import SETTINGS


@contextmanager
def cluster(*nodes: dict[str, Any]) -> Iterator[str]:
    """The address of a cluster of a head without cores and these nodes."""
    os.environ.update(SETTINGS)
    from ray.cluster_utils import Cluster  # reads the settings

    found = Cluster()
    quiet: dict[str, Any] = {"include_dashboard": False, "object_store_memory": 200 << 20}
    for node in ({"num_cpus": 0}, *nodes):
        found.add_node(**node, **quiet)
    try:
        yield found.address
    finally:
        found.shutdown()  # type: ignore[no-untyped-call]


def trained(budget: int, data: str, folder: Path, workers: int, address: str) -> SearchReport:
    """What a search that trains so many designs in random order, all to the end, reports."""
    report = run_search(
        SearchRequest(
            budget=budget,
            data=data,
            recipe=Recipe(epochs=4),
            proposer="random",
            early_stopping=False,
            measure_kmodels=False,
        ),
        RunOptions(results=folder / "results", workers=workers, ray_address=address),
    )
    if report.trained != budget:
        raise SystemExit(f"{report.trained} of {budget} trainings finished")
    return report


def seconds(nodes: int, budget: int, data: str) -> float:
    """Of one search of `budget` trainings on so many nodes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        caches = [{"DSE_CACHE": str(folder / f"node-{number}")} for number in range(nodes)]
        with cluster(*({"num_cpus": 1, "env_vars": cache} for cache in caches)) as address:
            return trained(budget, data, folder, nodes, address).seconds


def main() -> int:
    """Search on one node, then on two, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--budget", type=int, default=6)
    parser.add_argument("--data", default="synthetic:400")
    options = parser.parse_args()
    spent = {nodes: seconds(nodes, options.budget, options.data) for nodes in (1, 2)}
    report = {
        "trainings": options.budget,
        "data": options.data,
        "seconds_on_one_node": spent[1],
        "seconds_on_two_nodes": spent[2],
        "speed_up": round(spent[1] / spent[2], 2),
    }
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
