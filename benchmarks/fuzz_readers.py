"""Every reader of `dse` on files that somebody made to break it: refused in words, or read.

    python benchmarks/fuzz_readers.py [--readers wider,voc] [--cases 10000] [--first 0]
        [--seed 0] [--workers 1] [--limit 10] [--json]
    python benchmarks/fuzz_readers.py READER --case N [--keep FOLDER]

Case N of a reader and a seed is always the same. It is a sound input with one thing changed or a
few: values, words, lines, bits, lengths, whole files by what exhausts a reader, pipes and links in
place of files, odd names. Cases run in children with a limit on time and on memory (see
`fuzz_children`). A crash, a hang, and any error but a DseError is a finding; the exit code is
then 1. The second form shows one case: what came of it, with its traceback.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fuzz_children import HEADROOM_BYTES, Fuzzed, Result, one_case, run_cases
from fuzz_folders import write_case
from fuzz_table import READERS, case_files

from dse.errors import DseError, UnknownName

__all__ = ["campaign", "main"]

FINDINGS = ("crash", "hang", "traceback")
SHOWN = 200
"""Characters of a finding's message in the summary."""


def campaign(
    name: str, cases: Sequence[int], seed: int = 0, workers: int = 1, limit_s: float = 10.0
) -> dict[str, Any]:
    """Runs `cases` of the reader `name`: what came of them, as JSON. limit_s: for one case."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-readers-", ignore_cleanup_errors=True) as scratch:
        _warm(name, Path(scratch) / "warm")
        fuzzed = _fuzzed(name, seed)
        results = list(run_cases(fuzzed, cases, Path(scratch), workers, limit_s))
    seconds = round(time.monotonic() - started, 1)
    return {"reader": name, "seed": seed, **_account(name, seed, results), "seconds": seconds}


def _fuzzed(name: str, seed: int) -> Fuzzed:
    return Fuzzed(
        make=lambda case, folder: write_case(case_files(name, seed, case), folder),
        read=lambda case, folder: READERS[name].read(folder.resolve(), case),
    )


def _warm(name: str, folder: Path) -> None:
    """Reads a sound input here, so that children find everything imported and compiled."""
    write_case({**READERS[name].seeds()[0]}, folder)
    with contextlib.suppress(DseError):
        READERS[name].read(folder.resolve(), 0)


def _account(name: str, seed: int, results: Iterable[Result]) -> dict[str, Any]:
    results = sorted(results)
    kinds = Counter(one.kind for one in results)
    refused = Counter(one.what for one in results if one.kind == "refused")
    slowest = max(results, key=lambda one: one.seconds, default=Result(0, ""))
    return {
        "cases": len(results),
        "accepted": kinds["accepted"],
        "refused": dict(refused.most_common()),
        "crashes": kinds["crash"],
        "hangs": kinds["hang"],
        "tracebacks": kinds["traceback"],
        "slowest_s": round(slowest.seconds, 2),
        "slowest_case": slowest.case,
        "peak_mb": max((one.peak_mb for one in results), default=0.0),
        "start_mb": max((one.start_mb for one in results), default=0.0),
        "findings": [_finding(name, seed, one) for one in results if one.kind in FINDINGS],
    }


def _finding(name: str, seed: int, result: Result) -> dict[str, Any]:
    return {
        "command": command_of(name, seed, result.case),
        "kind": result.kind,
        "what": result.what,
        "where": result.where,
        "said": result.said,
    }


def command_of(name: str, seed: int, case: int) -> str:
    """The command line that shows one case again."""
    seeded = f" --seed {seed}" if seed else ""
    return f"python benchmarks/fuzz_readers.py {name} --case {case}{seeded}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the command line asks for; 1 where anything was found."""
    options = _parser().parse_args(arguments)
    names = [options.reader] if options.reader else options.readers.split(",")
    unknown = [name for name in names if name not in READERS]
    if unknown:
        raise SystemExit(str(UnknownName("reader", unknown[0], READERS)))
    if options.case is not None:
        return _show(names[0], options)
    cases = range(options.first, options.first + options.cases)
    accounts = []
    for name in names:
        accounts.append(campaign(name, cases, options.seed, options.workers, options.limit))
        print(_line(accounts[-1]), file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(accounts, indent=2))
    else:
        print("\n".join(_summary(accounts)))
    return int(any(account["findings"] for account in accounts))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reader", nargs="?", help=f"one of {', '.join(READERS)}")
    parser.add_argument("--readers", default=",".join(READERS), help="several; default: all")
    parser.add_argument("--cases", type=int, default=10_000, help="of each reader")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--case", type=int, help="show this one")
    parser.add_argument("--keep", type=Path, help="of --case: where its files are left")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for one case")
    parser.add_argument("--json", action="store_true")
    return parser


def _show(name: str, options: argparse.Namespace) -> int:
    """One case: in a child first, then, if it comes back from there, here."""
    account = campaign(name, [options.case], options.seed, 1, options.limit)
    print("\n".join(_summary([account])))
    with tempfile.TemporaryDirectory(prefix="fuzz-readers-") as scratch:
        fuzzed, folder = _fuzzed(name, options.seed), options.keep or Path(scratch) / "case"
        if account["crashes"] or account["hangs"]:
            fuzzed.make(options.case, folder)
        else:
            result = one_case(fuzzed, options.case, folder)
            print(f"{result.kind} {result.what}: {result.said}")
    return int(bool(account["findings"]))


def _line(account: dict[str, Any]) -> str:
    refused = ", ".join(f"{what} {count}" for what, count in account["refused"].items())
    return (
        f"{account['reader']:9} {account['cases']:6} cases: {account['accepted']} accepted, "
        f"{sum(account['refused'].values())} refused ({refused}), {account['crashes']} crashes, "
        f"{account['hangs']} hangs, {account['tracebacks']} tracebacks; slowest "
        f"{account['slowest_s']} s (case {account['slowest_case']}), peak {account['peak_mb']:.0f} "
        f"MB (of them {account['start_mb']:.0f} at the start); {account['seconds']} s"
    )


def _summary(accounts: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each reader; then each kind of finding once, with how often it came."""
    lines = [_line(account) for account in accounts]
    for account in accounts:
        kinds = Counter((one["kind"], one["what"], one["where"]) for one in account["findings"])
        for kind, count in kinds.most_common():
            first = next(
                one
                for one in account["findings"]
                if (one["kind"], one["what"], one["where"]) == kind
            )
            last = (first["said"].strip().splitlines() or [""])[-1][:SHOWN]
            lines += [f"{account['reader']}: {count} x {' '.join(kind)}: {last}"]
            lines += [f"    {first['command']}"]
    total = sum(len(account["findings"]) for account in accounts)
    return [*lines, f"{total} findings; {HEADROOM_BYTES >> 20} MiB for a case"]


if __name__ == "__main__":
    raise SystemExit(main())
