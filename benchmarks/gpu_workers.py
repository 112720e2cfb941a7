"""Real trainings by Ray workers that share one GPU, and by the same machine's cores alone.

    KERAS_BACKEND=jax python benchmarks/gpu_workers.py --budget 8 --workers 4 > gpu_workers.json

Needs one NVIDIA GPU that Keras' backend sees (`docs/cluster.md`). Both searches train the same
designs in random order, each with a cache of its own. JSON on stdout: seconds of each search and
of its epochs, the largest difference in AP of a design, and what nvidia-smi saw on the GPU: the
most processes at a time, and the most memory. Progress on stderr.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from two_nodes import cluster, trained

from dse.search import load_study
from dse.workers.cores import available_cores

NO_GPU = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}


def nvidia_smi(what: str) -> list[str]:
    """Lines of the answer to a query, such as `compute-apps=pid`."""
    command = ["nvidia-smi", f"--query-{what}", "--format=csv,noheader,nounits"]
    return subprocess.check_output(command, text=True).split("\n")[:-1]


@contextmanager
def watched_gpu() -> Iterator[dict[str, int]]:
    """Holds, in the end, the most processes and MiB in use since it was entered."""
    most = {"processes": 0, "memory_mib": 0}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1.0):
            seen = len(nvidia_smi("compute-apps=pid")), int(nvidia_smi("gpu=memory.used")[0])
            most["processes"] = max(most["processes"], seen[0])
            most["memory_mib"] = max(most["memory_mib"], seen[1])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def search(node: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Seconds and APs of one search on a cluster of this one node."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        node["env_vars"] = {**node["env_vars"], "DSE_CACHE": str(folder / "cache")}
        with cluster(node) as address:
            report = trained(options.budget, options.data, folder, options.workers, address)
        entries = load_study(folder / "results" / report.study).entries
        ends = [entry.outcome["curve"][-1] for entry in entries]
        return {
            "seconds": report.seconds,
            "epoch_s": round(statistics.median(end["seconds"] / end["epoch"] for end in ends), 2),
            "ap": {entry.training.id: entry.ap("FP32") for entry in entries},
        }


def main() -> int:
    """Search with the GPU, then without, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--budget", type=int, default=8)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--data", default="synthetic:400")
    options = parser.parse_args()
    cores = available_cores()
    with watched_gpu() as most:
        gpu = search({"num_cpus": cores, "num_gpus": 1, "env_vars": {}}, options)
    cpu = search({"num_cpus": cores, "env_vars": NO_GPU}, options)
    aps = gpu.pop("ap"), cpu.pop("ap")
    report = {
        "gpu": nvidia_smi("gpu=name")[0],
        "cores": cores,
        "with_gpu": {**gpu, **most},
        "without": cpu,
        "ap": aps,
        "largest_ap_difference": max(abs(aps[0][id] - aps[1][id]) for id in aps[0]),
    }
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
