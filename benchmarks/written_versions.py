"""In which versions of kmodel the networks of a space can be written, and which is the faster.

python benchmarks/written_versions.py k210_face k210-maixpy-full
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace

from dse.chips.k210.cost.batch import price_networks
from dse.chips.k210.cost.price import KPU_FORMAT, K210Cost
from dse.chips.k210.target import K210Target
from dse.network.detector import Network
from dse.space import SearchSpace
from dse.text_table import format_table

VERSIONS = 3, 4

Costs = Mapping[Network, Mapping[int, K210Cost]]
"""Of each network in each version."""


def costs_of(space: str, target: K210Target) -> Costs:
    """Every network of `space` priced in each version, whether it fits or not."""
    every = (
        Network.of(one.training) for one in SearchSpace.load(space) if one.format == KPU_FORMAT
    )
    networks = list(dict.fromkeys(every))
    priced = {
        version: price_networks(
            networks, [KPU_FORMAT], replace(target, kmodel_versions_written=(version,))
        )
        for version in VERSIONS
    }
    return {one: {v: priced[v][one, KPU_FORMAT] for v in VERSIONS} for one in networks}


def summary(costs: Costs) -> str:
    """A line for each breakpoint."""
    rows = []
    for breakpoint in dict.fromkeys(network.breakpoint for network in costs):
        own = [both for network, both in costs.items() if network.breakpoint == breakpoint]
        written = [{v for v, cost in both.items() if not cost.unwritten} for both in own]
        shares = [
            both[3].latency_ms / both[4].latency_ms
            for both, able in zip(own, written, strict=True)
            if able == set(VERSIONS)
        ]
        counts = [written.count(able) for able in ({3, 4}, {3}, {4}, set())]
        told = f"{min(shares):.2f} to {max(shares):.2f}" if shares else "-"
        rows.append((breakpoint, str(len(own)), *map(str, counts), told))
    header = ("breakpoint", "networks", "both", "3 alone", "4 alone", "neither", "time of 3 by 4")
    return format_table(header, rows, left=("breakpoint",))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("space")
    parser.add_argument("target")
    options = parser.parse_args()
    print(summary(costs_of(options.space, K210Target.load(options.target))))


if __name__ == "__main__":
    main()
