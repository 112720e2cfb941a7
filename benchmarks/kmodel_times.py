"""What a kmodel takes under its own runtime, by kind of work, for comparison with printed times.

    python benchmarks/kmodel_times.py FILE.kmodel... [--target k210]

The picture's way in stands apart: what runtimes print of their nodes leaves it out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from dse.chips.k210.cost.latency import Duration, total_time
from dse.chips.k210.file_cost.operation import Operation
from dse.chips.k210.file_cost.reading import read_file
from dse.chips.k210.target import K210Target
from dse.text_table import format_table

HEADER = ("work", "steps", "ms", "lowest", "highest")


def by_kind(operations: Sequence[Operation]) -> list[tuple[str, int, Duration]]:
    """(kind of work, steps, time), longest first; then all nodes, and the input."""
    kinds: dict[str, list[Duration]] = {}
    for operation in operations:
        for step in operation.steps:
            kinds.setdefault(step.op, []).append(step.time)
    entering = kinds.pop("input", [])
    rows = [(op, len(times), total_time(times)) for op, times in kinds.items()]
    rows.sort(key=lambda row: -row[2].ms)
    nodes = [time for times in kinds.values() for time in times]
    rows.append(("all nodes", len(nodes), total_time(nodes)))
    return [*rows, ("input", len(entering), total_time(entering))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--target", default="k210")
    options = parser.parse_args()
    target = K210Target.load(options.target)
    for path in options.files:
        rows = by_kind(read_file(path, target).operations)
        cells = [
            (op, str(steps), *(f"{one:.2f}" for one in (time.ms, time.low_ms, time.high_ms)))
            for op, steps, time in rows
        ]
        print(f"{path.name}\n{format_table(HEADER, cells, left=('work',))}\n")


if __name__ == "__main__":
    main()
