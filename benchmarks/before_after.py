"""Whether this checkout is slower than another: reading of photographs, and `dse check`.

    python benchmarks/before_after.py OLD_CHECKOUT --photographs wider:DIR > before_after.json
    python benchmarks/before_after.py OLD_CHECKOUT --designs mobilenet.tflite yolo.tflite --rounds 7

Both run with the Python that runs this script, in processes of their own, by turns, so that what
else the machine does hits both alike. Timed are one `dse check` of each design, from start to
exit; and, of photographs, opening the data set (headers, end markers, annotations) and decoding
one picture in ten, both in the process, without the imports.

JSON on stdout: for each, CPU seconds (all, and the user's alone) and wall seconds, before and
after, as medians of all rounds, and the median of the rounds' ratios (1.05: 5 % slower). On a
machine with other work CPU seconds tell more. Exit code 1 if the two read different sets.
Progress on stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parents[1]
CANDIDATE = "A98-a0.5-224-kpu8"
NOTHING_FEASIBLE = 3
"""What `dse check` ends with where a design does not fit: as well timed as any other."""

BYTECODE = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": tempfile.mkdtemp()}
"""Python compiles all modules in the first round, which is not counted, and keeps them beside both
checkouts: an installed package is compiled, too."""

READ = """
import json, sys, time
from dse.data import open_data

def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}

data, opening = timed(lambda: open_data(sys.argv[1], sys.argv[2]))
_, decoding = timed(lambda: [picture.load() for picture in data.pictures[::10]])
about = {"checksum": data.checksum, "pictures": len(data), "skipped": len(data.skipped)}
print(json.dumps({"opening": opening, "decoding": decoding, "about": about}))
"""


def run(checkout: Path, *arguments: str, allowed: tuple[int, ...] = (0,)) -> str:
    """What Python prints when it runs with the package of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), **BYTECODE}
    command = [sys.executable, *arguments]
    # not from this folder: `-c` and `-m` would find its package first
    done = subprocess.run(command, env=environment, cwd="/", stdout=subprocess.PIPE, text=True)
    if done.returncode not in allowed:
        done.check_returncode()
    return done.stdout


def timed_check(checkout: Path, design: str) -> dict[str, float]:
    """Seconds of one `dse check`, the start of Python included."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run(checkout, "-m", "dse", "check", design, allowed=(0, NOTHING_FEASIBLE))
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return {"cpu_s": user + system, "user_s": user, "wall_s": end - start}


def one_round(
    checkout: Path, spec: str | None, split: str, designs: Sequence[str]
) -> dict[str, Any]:
    """All that is timed, once."""
    reading = json.loads(run(checkout, "-c", READ, spec, split)) if spec else {}
    checks = {f"check {Path(design).name}": timed_check(checkout, design) for design in designs}
    return {**reading, **checks}


def compared(
    before: list[dict[str, Any]], after: list[dict[str, Any]], what: str
) -> dict[str, Any]:
    """The median seconds of all rounds of `what`, before and after, and of their ratios."""
    row: dict[str, Any] = {}
    for clock in before[0][what]:
        old, new = ([one[what][clock] for one in rounds] for rounds in (before, after))
        ratios = [late / early for early, late in zip(old, new, strict=True)]
        medians = {"before": median(old), "after": median(new), "ratio": median(ratios)}
        row[clock] = {name: round(value, 4) for name, value in medians.items()}
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, help="a checkout to compare this one with")
    parser.add_argument("--photographs", metavar="KIND:DIR")
    parser.add_argument("--split", default="train")
    parser.add_argument("--designs", nargs="+", default=[CANDIDATE], metavar="DESIGN")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    designs = [str(Path(one).resolve()) if Path(one).exists() else one for one in arguments.designs]
    rounds: dict[Path, list[dict[str, Any]]] = {arguments.old.resolve(): [], HERE: []}
    for number in range(arguments.rounds + 1):
        for checkout, results in rounds.items():
            results.append(one_round(checkout, arguments.photographs, arguments.split, designs))
            print(f"round {number}: {checkout} {results[-1]}", file=sys.stderr)
    shutil.rmtree(BYTECODE["PYTHONPYCACHEPREFIX"], ignore_errors=True)
    before, after = (results[1:] for results in rounds.values())
    about = [results[0].pop("about", None) for results in (before, after)]
    result = {"rounds": arguments.rounds, "before": about[0], "after": about[1]}
    result |= {name: compared(before, after, name) for name in after[0]}
    print(json.dumps(result, indent=2))
    return int(about[0] != about[1])


if __name__ == "__main__":
    sys.exit(main())
