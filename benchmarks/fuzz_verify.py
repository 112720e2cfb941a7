"""`dse verify` on damaged bundles: it must say what is wrong, and never crash or hang.

    python benchmarks/fuzz_verify.py BUNDLE [--first 0] [--count 10000] [--seed 0]
        [--deep-every 40] [--command-every 500] [--time-limit 10] [--json]

Case n of a seed is always the same, so that a campaign can be cut into pieces. Each case
changes one file of the bundle: bits, bytes, lengths, numbers, a piece of another file in its
place, JSON tables, zip entries. Most changes are then covered up: the manifest gets new
checksums, the kfpkg the changed kmodel, so that what lies behind the checksums sees them.
Every case goes through `verify_bundle` as the command line calls it; `--command-every` through
the command line itself. One case in `--deep-every` changes what only running shows: code and
weights of the kmodel, buffers and tables of the TensorFlow-Lite file. Files that are unchanged
run once in the whole campaign, and their maps are remembered; changed ones run in children.

How far a case came: "files" (checksums and headers), "contents" (figures, detector.json,
target, package), "run" (one of the two files was refused, or killed its child), "compared"
(both ran). The exit code is 1 when a case crashed, hung, or gave no reason.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from fuzz_bundles import KMODEL, TFLITE, Files, mutate
from numpy.typing import NDArray

from dse.chips.k210 import verify_bundle
from dse.chips.k210.bundle import verify_runs
from dse.chips.k210.quantization.box_scale import unscale_boxes

__all__ = ["Campaign", "mutate"]

RUNNERS = {"kmodel_predictor": KMODEL, "guarded_tflite_predictor": TFLITE}
CASE_LIMIT_S = 300
"""More than the time limits inside `verify_bundle` add up to: a case that reaches it hangs."""


class _Remembered:
    """Stands for the process that runs a pristine file: its maps are asked for once."""

    def __init__(self, key: tuple[str, str], start: Callable[[], Any], scale: float) -> None:
        self.key, self.start, self.scale = key, start, scale

    known: ClassVar[dict[tuple[str, str], tuple[int, NDArray[np.float32]]]] = {}

    def __enter__(self) -> _Remembered:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def input_size(self) -> int:
        """Side of the picture, pixels."""
        with self.start() as process:
            size: int = process.input_size
        return size

    def __call__(self, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The maps that the process gave when it was asked first."""
        if self.key not in self.known:
            with self.start() as process:
                self.known[self.key] = process.input_size, process(canvases)
        return unscale_boxes(self.known[self.key][1], self.scale)


class Campaign:
    """Cases on one bundle. Use it as a context manager.

    counts: of what was found. failures: cases that crashed, hung or gave no reason.
    """

    def __init__(self, bundle: Path, seed: int, time_limit_s: float) -> None:
        self.files = {
            file.name: file.read_bytes() for file in sorted(bundle.iterdir()) if file.is_file()
        }
        self.seed, self.time_limit_s = seed, time_limit_s
        self.stages: Counter[str] = Counter()
        self.exits: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()
        self.children = 0
        self.slowest_s = 0.0
        self.failures: list[dict[str, Any]] = []

    def __enter__(self) -> Campaign:
        self._stack = contextlib.ExitStack()
        scratch = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-verify-"))
        self.folder = Path(scratch) / "bundle"
        self._stack.enter_context(self._unchanged_files_run_once())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def case(self, number: int, deep: bool, by_command: bool) -> None:
        """Makes case `number`, verifies it, and counts what came of it."""
        dice = random.Random(f"{self.seed} {number}")
        kind, files = mutate(self.files, dice, deep)
        self.kinds[kind] += 1
        self._write({name: files[name] for name in files if dice.random() > 0.01})
        started = time.monotonic()
        try:
            with _alarm():
                exit_code, stage = self._by_command() if by_command else self._verify()
        except Exception as error:
            said = "".join(traceback.format_exception(error))[-1500:]
            self.failures.append({"case": number, "kind": kind, "error": said})
            return
        finally:
            self.slowest_s = max(self.slowest_s, time.monotonic() - started)
        self.exits[exit_code] += 1
        self.stages[stage] += 1

    def report(self, cases: int) -> dict[str, Any]:
        """The campaign as JSON."""
        return {
            "cases": cases,
            "seed": self.seed,
            "exit_codes": dict(sorted(self.exits.items())),
            "stages": dict(self.stages.most_common()),
            "kinds": dict(self.kinds.most_common()),
            "children": self.children,
            "slowest_s": round(self.slowest_s, 1),
            "failures": self.failures,
        }

    def _write(self, files: Files) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for name, content in files.items():
            (self.folder / name).write_bytes(content)

    def _verify(self) -> tuple[int, str]:
        found = verify_bundle(self.folder, workers=1, time_limit_s=self.time_limit_s)
        if not found.ok and not all(found.problems):
            raise AssertionError("it is not verified, and there is no reason")
        return 0 if found.ok else 4, _stage(found.measured)

    def _by_command(self) -> tuple[int, str]:
        command = [sys.executable, "-m", "dse", "verify", str(self.folder), "--json"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=CASE_LIMIT_S)
        told = json.loads(run.stdout)
        if run.returncode != (0 if told["ok"] else 4) or told["ok"] == bool(told["problems"]):
            raise AssertionError(f"exit code {run.returncode}: {run.stdout}{run.stderr}")
        return run.returncode, "command line"

    @contextlib.contextmanager
    def _unchanged_files_run_once(self) -> Iterator[None]:
        """For as long as it lasts; changed files run in children, which are counted."""
        real = {name: getattr(verify_runs, name) for name in RUNNERS}
        scenes = verify_runs._scenes

        def stand_in(name: str, content: bytes, *arguments: Any, **options: Any) -> Any:
            if content != self.files[RUNNERS[name]]:
                self.children += 1
                return real[name](content, *arguments, **options)
            scale = options.pop("box_scale")
            options["time_limit_s"] = CASE_LIMIT_S  # it is sound: however slow the machine
            key = name, str(options.get("nncase_version"))
            return _Remembered(key, lambda: real[name](content, *arguments, **options), scale)

        try:
            for name in RUNNERS:
                setattr(verify_runs, name, functools.partial(stand_in, name))
            verify_runs._scenes = functools.lru_cache(scenes)
            yield
        finally:
            for name, function in real.items():
                setattr(verify_runs, name, function)
            verify_runs._scenes = scenes


def _stage(measured: dict[str, Any]) -> str:
    for key, stage in (("correlation", "compared"), ("nncase_version", "run")):
        if key in measured:
            return stage
    return "contents" if "candidate" in measured else "files"


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    """TimeoutError inside, when it takes longer than `CASE_LIMIT_S`."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"it takes longer than {CASE_LIMIT_S} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(CASE_LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--deep-every", type=int, default=40)
    parser.add_argument("--command-every", type=int, default=500)
    parser.add_argument("--time-limit", type=float, default=10, help="seconds a picture")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with Campaign(options.bundle, options.seed, options.time_limit) as campaign:
        for number in range(options.first, options.first + options.count):
            campaign.case(
                number, number % options.deep_every == 7, number % options.command_every == 3
            )
            if number % 500 == 499:
                print(f"{number + 1}: {dict(campaign.stages)}", file=sys.stderr, flush=True)
    found = campaign.report(options.count)
    print(json.dumps(found, indent=2) if options.json else _summary(found))
    return int(bool(found["failures"]))


def _summary(found: dict[str, Any]) -> str:
    lines = [f"{key}: {found[key]}" for key in ("cases", "exit_codes", "stages", "slowest_s")]
    lines.append(f"{found['children']} changed files ran in children of their own")
    lines += [f"case {one['case']} ({one['kind']}): {one['error']}" for one in found["failures"]]
    return "\n".join([*lines, f"{len(found['failures'])} failures"])


if __name__ == "__main__":
    raise SystemExit(main())
