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
import hashlib
import io
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dse.export import verify_bundle, verify_runs
from dse.export.flash_package import flash_package
from dse.export.kmodel import parse_kmodel
from dse.quantization.box_scale import unscale_boxes

__all__ = ["Campaign", "mutate"]

Files = dict[str, bytes]
MANIFEST, KMODEL, TFLITE, PACKAGE = "manifest.json", "model.kmodel", "model.tflite", "model.kfpkg"
WEIGHTS = {KMODEL: 16, MANIFEST: 12, PACKAGE: 6, TFLITE: 6, "detector.json": 6}
"""How often a file is changed; the others, 1, are text that nothing parses."""

RUNNERS = {"kmodel_predictor": KMODEL, "guarded_tflite_predictor": TFLITE}
CASE_LIMIT_S = 300
"""More than the time limits inside `verify_bundle` add up to: a case that reaches it hangs."""

ODD_NUMBERS = (0, 1, 2, 7, 8, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF)
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, float("nan"), float("inf"), 10**30, "", "\ud800", "x" * 5000,
    "../../etc", [], {}, [[]], [0] * 1000, {"": {"": {}}},
)  # fmt: skip


def _bits(content: bytearray, dice: random.Random, low: int = 0, high: int | None = None) -> None:
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        place = dice.randrange(low, max(high or len(content), low + 1))
        content[place] ^= 1 << dice.randrange(8)


def _numbers(content: bytearray, dice: random.Random, high: int | None = None) -> None:
    """Lying sizes and counts: aligned 32-bit numbers."""
    for _ in range(dice.choice((1, 1, 2, 4))):
        place = 4 * dice.randrange(max((high or len(content)) // 4, 1))
        near = int.from_bytes(content[place : place + 4], "little") + dice.choice((-1, 1, 4, 64))
        value = dice.choice((*ODD_NUMBERS, len(content), dice.getrandbits(32), near))
        content[place : place + 4] = (value % (1 << 32)).to_bytes(4, "little")


def _pieces(content: bytearray, dice: random.Random, others: list[bytes]) -> None:
    """A piece of this or another file put in, in place of a piece of any length."""
    other = dice.choice(others) or b"\0"
    start, size = dice.randrange(len(other)), dice.randrange(1, 4096)
    place = dice.randrange(len(content) + 1)
    removed = dice.choice((0, size, dice.randrange(1, 4096)))
    content[place : place + removed] = other[start : start + size]


def _length(content: bytearray, dice: random.Random) -> None:
    cut = dice.choice((0, dice.randrange(64), dice.randrange(len(content) + 1), len(content) - 1))
    if dice.random() < 0.7:
        del content[max(cut, 0) :]
    else:
        content += dice.randbytes(dice.choice((1, 8, 4096)))


def _noise(content: bytearray, dice: random.Random) -> None:
    place, size = dice.randrange(len(content) + 1), dice.choice((4, 64, 1024, len(content)))
    content[place : place + size] = dice.choice((bytes(size), dice.randbytes(size)))


def _bytes_of(content: bytes, dice: random.Random, files: Files, head: int | None) -> bytes:
    """`content` changed as bytes; `head`: numbers and bits are changed within its first bytes."""
    changed = bytearray(content) or bytearray(1)
    kinds: tuple[Callable[[], None], ...] = (
        lambda: _bits(changed, dice, 0, head),
        lambda: _numbers(changed, dice, head),
        lambda: _pieces(changed, dice, list(files.values())),
        lambda: _length(changed, dice),
        lambda: _noise(changed, dice),
    )
    dice.choices(kinds, weights=(3, 4, 2, 2, 1))[0]()
    return bytes(changed)


def _json_of(content: bytes, dice: random.Random) -> bytes:
    """A table with some of its values replaced, removed, moved or nested without end."""
    if dice.random() < 0.03:
        return b'{"files":' * dice.choice((50, 5000, 200_000))
    table = json.loads(content)
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        place: Any = table
        while isinstance(place, dict | list) and place:
            key = dice.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inner = place[key]
            if not (isinstance(inner, dict | list) and inner) or dice.random() < 0.2:
                break
            place = inner
        if isinstance(place, dict) and place and dice.random() < 0.25:
            del place[key]
        elif place:
            place[key] = deepcopy(dice.choice((*ODD_VALUES, _near(inner, dice))))
    return json.dumps(table).encode()


def _near(value: Any, dice: random.Random) -> Any:
    """Of the same type, and a little wrong."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return value + dice.choice((-1, 1, 0.5, value))
    return dice.choice((str(value)[:-1], str(value) * 2, str(value).upper()))


def _package_of(kmodel: bytes, package: bytes, dice: random.Random) -> bytes:
    """A zip with another listing, other entries, or one that grows when it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    listing = "flash-list.json"
    kind = dice.randrange(5)
    if kind == 0:
        entries[listing] = _json_of(entries[listing], dice)
    elif kind == 1:
        del entries[dice.choice(list(entries))]
    elif kind == 2:
        entries["model.kmodel"] = bytes(len(kmodel) * dice.choice((1, 20)))
    elif kind == 3:
        entries[dice.choice(("../model.kmodel", "\ufffd\n", "x" * 300))] = kmodel
    else:
        entries["model.kmodel"] = kmodel[:-1]
    method = dice.choice(
        (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    )
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in entries.items():
            undated = zipfile.ZipInfo(name)  # the clock would make the case another one
            archive.writestr(undated, content, method)
    return written.getvalue()


def _deep(files: Files, dice: random.Random) -> tuple[str, Files]:
    """What no header shows: the kmodel's code and constants, the TensorFlow-Lite file."""
    if dice.random() < 0.25:
        changed = bytearray(files[TFLITE])
        dice.choice((_bits, _numbers, _noise))(changed, dice)
        return "tflite", {TFLITE: bytes(changed)}
    changed = bytearray(files[KMODEL])
    module = dice.choice(parse_kmodel(files[KMODEL]).modules)
    section = dice.choice([one for one in module.sections if one.start >= 0 and one.size_bytes])
    body = changed[section.start : section.start + section.size_bytes]
    dice.choices((_bits, _numbers), weights=(2, 1))[0](body, dice)
    changed[section.start : section.start + section.size_bytes] = body
    return f"{module.type} {section.name}", {KMODEL: bytes(changed)}


def mutate(files: Files, dice: random.Random, deep: bool) -> tuple[str, Files]:
    """(what was done, the files that differ from `files`, covered up or not)."""
    if deep:
        kind, changed = _deep(files, dice)
        return f"deep: {kind}", _covered(files, {**files, **changed})
    name = dice.choices(list(files), weights=[WEIGHTS.get(name, 1) for name in files])[0]
    content = files[name]
    if name.endswith(".json") and dice.random() < 0.7:
        kind, content = "table", _json_of(content, dice)
    elif name == PACKAGE and dice.random() < 0.5:
        kind, content = "zip", _package_of(files[KMODEL], content, dice)
    else:
        heads = {KMODEL: _header_bytes(files[KMODEL]), PACKAGE: 400}
        head = heads.get(name) if dice.random() < 0.9 else None
        kind, content = "bytes", _bytes_of(content, dice, files, head)
    changed = {**files, name: content}
    # a TensorFlow-Lite file that is covered up costs the start of TensorFlow: see `_deep`
    covered = name not in (MANIFEST, TFLITE) and dice.random() < 0.85
    return f"{kind}: {name}", _covered(files, changed) if covered else changed


def _header_bytes(kmodel: bytes) -> int:
    """Where the first section's body begins: what the header parser reads."""
    starts = [s.start for m in parse_kmodel(kmodel).modules for s in m.sections if s.start >= 0]
    return min(starts)


def _covered(before: Files, files: Files) -> Files:
    """`files` with the package and the checksums that belong to what has changed."""
    if files[KMODEL] != before[KMODEL]:
        files = {**files, PACKAGE: flash_package(files[KMODEL])}
    manifest = json.loads(files[MANIFEST])
    for name in manifest["files"]:
        digest = hashlib.sha256(files[name]).hexdigest()
        manifest["files"][name] = {"sha256": digest, "bytes": len(files[name])}
    return {**files, MANIFEST: json.dumps(manifest).encode()}


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
