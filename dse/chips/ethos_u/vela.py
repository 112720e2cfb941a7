"""Vela, Arm's compiler for Ethos-U, asked for its report on many networks.

It runs in children that import it once and stay for the next question. An answer is kept in the
user's cache folder, by all that it depends on: the file, the target's system and options, and
Vela's version. What lies there is read as foreign, and asked for again where it is damaged.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from dse import processes
from dse.chips.environments import cache_folder, environment
from dse.chips.ethos_u import vela_process
from dse.chips.ethos_u.report import Report, read_report
from dse.chips.ethos_u.target import EthosUTarget
from dse.errors import CompilerError, FileError, InvalidFile
from dse.files import make_folder, temporary_folder, write_whole
from dse.schema import read_json

__all__ = ["compiler", "reports"]

Answer = dict[str, str]
"""Of `vela_process`."""

TIME_LIMIT_S = 300.0
"""For a network, of which most take tenths of a second; on a loaded machine the import, too."""

ANSWER_BYTES = 16 << 20
"""Of a kept answer: a few hundred bytes an operation and a buffer."""

RUNS = "from ethosu.vela.vela import main"
HINT = "it takes the network, once; without it no Ethos-U can be priced"

TOLD = ("--verbose-performance", "--verbose-allocation", "--show-cpu-operations")
"""What Vela is to tell: cycles by operation, SRAM by buffer, and why something is on the CPU."""


def reports(files: Sequence[bytes], target: EthosUTarget) -> list[Report]:
    """Vela's report on each of `files`, int8 networks, in their order.

    Raises CompilerError where Vela cannot be had, or compiles one of them not.
    """
    folder = make_folder(cache_folder() / f"vela-{target.vela_version}-reports")
    paths = [folder / f"{_key(content, target)}.json" for content in files]
    found = {path: report for path in set(paths) if (report := _kept(path)) is not None}
    missing = {
        path: content for path, content in zip(paths, files, strict=True) if path not in found
    }
    if missing:
        python = compiler(target)
        workers = min(len(missing), os.cpu_count() or 1)
        with ThreadPoolExecutor(workers) as pool:
            asked = pool.map(lambda content: _asked(python, content, target), missing.values())
            for path, answer in zip(missing, asked, strict=True):
                found[path] = read_report(answer)
                write_whole(path, json.dumps(answer), durable=False)
    return [found[path] for path in paths]


def compiler(target: EthosUTarget) -> Path:
    """The interpreter that has the target's Vela. Installs that where it is missing, which takes
    uv and the network. Raises CompilerError where it cannot be had."""
    return environment("vela", "ethos-u-vela", target.vela_version, RUNS, HINT)


def _key(content: bytes, target: EthosUTarget) -> str:
    digest = hashlib.sha256(content)
    for part in (target.vela_version, target.system, *target.options):
        digest.update(b"\0" + part.encode())
    return digest.hexdigest()


def _kept(path: Path) -> Report | None:
    """What was asked before; None where nothing was, or it is damaged."""
    if not path.exists():
        return None
    try:
        answer: Any = read_json(path, ANSWER_BYTES, dict)
        return read_report(answer)
    except (FileError, InvalidFile, CompilerError):
        return None


def _asked(python: Path, content: bytes, target: EthosUTarget) -> Answer:
    """Vela's answer on one network, by a child at rest or a new one."""
    resting = _resting(python)
    try:
        child = resting.pop()
    except IndexError:
        child = _Child(python)
    try:
        answer = child.ask(content, target)
    except BaseException:
        child.close()
        raise
    resting.append(child)
    if answer["error"]:
        printed = processes.last_lines(answer["printed"])
        raise CompilerError(
            f"Vela {target.vela_version} cannot compile it: {answer['error']} {printed}".strip()
        )
    return answer


@cache
def _resting(python: Path) -> list[_Child]:
    """Children of that interpreter that wait for a question; they end with this process."""
    children: list[_Child] = []
    atexit.register(_close, children)
    return children


def _close(children: list[_Child]) -> None:
    for child in children:
        child.close()


class _Child:
    """One Vela. Lifetime: made, which starts it; `ask`; `close`, which ends it."""

    def __init__(self, python: Path) -> None:
        self._files = ExitStack()
        self._folder = self._files.enter_context(temporary_folder("dse-vela-"))
        printed = self._folder / "printed"
        write_whole(printed, b"", durable=False)
        command = [str(python), "-I", vela_process.__file__, str(printed)]
        self._process = processes.Companion(command)

    def ask(self, content: bytes, target: EthosUTarget) -> Answer:
        """What it answers on one network. Raises CompilerError where it ends or hangs."""
        with temporary_folder("network-", self._folder) as folder:
            network, system = folder / "network.tflite", folder / "system.ini"
            write_whole(network, content, durable=False)
            write_whole(system, target.system, durable=False)
            asked = [*target.options, *TOLD, "--config", str(system)]
            asked += ["--output-dir", str(folder / "told"), str(network)]
            try:
                self._process.send(json.dumps(asked).encode() + b"\n")
                return self._answer(time.monotonic() + TIME_LIMIT_S)
            except TimeoutError:
                raise CompilerError(f"Vela took more than {TIME_LIMIT_S:g} s") from None
            except processes.Ended as ended:
                raise CompilerError(f"Vela {ended} while it compiled") from None

    def _answer(self, deadline: float) -> Answer:
        length = int(self._process.receive(vela_process.LENGTH_DIGITS, deadline), 16)
        answer: Answer = json.loads(self._process.receive(length, deadline))
        return answer

    def close(self) -> None:
        """Ends it, and removes its files."""
        self._process.close()
        self._files.close()
