"""What ran on a board while it printed times: a network, a runtime, two clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from dse.chips.k210.calibration.measurement import NetworkTime
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.price import KPU_FORMAT
from dse.chips.k210.cost.program import Program
from dse.chips.k210.target import K210Target
from dse.chips.subject import resolve
from dse.errors import DseError, InvalidFile, UsageError
from dse.files import printable
from dse.schema import shown

__all__ = ["SETTINGS", "BoardRun", "milliseconds", "whole_number"]

SETTINGS = ("network", "classes", "runtime", "kpu_mhz", "cpu_mhz")
"""What a log says of a run, and how it calls it."""

LARGEST = 1 << 16
"""No side, channel count or clock in MHz is larger."""

SHORTEST_MS, LONGEST_MS = 1e-6, 1e7
"""Less than a cycle of any of these clocks, and three hours."""

MEGAHERTZ = 1_000_000
RUNTIMES = ("0.1", "0.2", "1.", "bare")
"""How the versions of nncase begin whose runtimes run on the K210, and the KPU without any."""


@dataclass(frozen=True)
class BoardRun:
    """What holds for some lines of a log.

    network: a candidate, a training, or a .tflite file beside the log; empty until one is named.
    classes: that a candidate tells apart. runtime: nncase's version. interleaved: as in
        `K210Target`.
    """

    path: Path
    network: str
    runtime: str
    kpu_clock_hz: int
    cpu_clock_hz: int
    interleaved: bool
    classes: int = 1

    @classmethod
    def begin(cls, path: Path, target: K210Target, network: str = "") -> BoardRun:
        """What holds where the log says nothing: nncase 1.9 at the clocks of `target`."""
        clocks = (target.kpu_clock_hz, target.cpu_clock_hz)
        return cls(path, network, "1.9", *clocks, target.interleaved)

    def changed(self, settings: Mapping[str, str], line: int) -> BoardRun:
        """The run with those of `settings` that SETTINGS names. Raises InvalidFile."""
        texts = {key: printable(settings[key]) for key in ("network", "runtime") if key in settings}
        values: dict[str, Any] = dict(texts)
        if not values.get("runtime", self.runtime).startswith(RUNTIMES):
            why = f"'{shown(values['runtime'])}' is no runtime of the K210"
            raise InvalidFile(self.path, why, line, "0.1, 0.2, or 1.0 to 1.9")
        if ".." in Path(texts.get("network", "")).parts or texts.get("network", "").startswith("/"):
            why = f"'{shown(texts['network'])}' lies outside of the log's folder"
            raise InvalidFile(self.path, why, line, "name it with --network")
        if "network" in texts or "classes" in settings:  # another network has its own
            values["classes"] = whole_number(self.path, settings.get("classes", "1"), line)
        for unit in ("kpu", "cpu"):
            if f"{unit}_mhz" in settings:
                mhz = whole_number(self.path, settings[f"{unit}_mhz"], line)
                values[f"{unit}_clock_hz"] = mhz * MEGAHERTZ
        return replace(self, **values)

    def program(self, line: int) -> Program:
        """The steps of the network. Raises InvalidFile where none is named, or none is meant."""
        if not self.network:
            hint = "write a line network=NAME before it, or pass --network NAME"
            raise InvalidFile(self.path, "a time of which network?", line, hint)
        beside = self.path.parent / self.network
        name = str(beside) if beside.suffix == ".tflite" else self.network
        try:
            return _program(name, self.interleaved, self.classes)
        except DseError as error:
            raise InvalidFile(self.path, printable(error), line, error.hint) from None

    def whole(self, ms: float, line: int) -> NetworkTime:
        """The time of the whole network. Raises InvalidFile for a runtime before 1.0."""
        if not self.runtime.startswith("1."):
            why = f"whole networks are predicted for runtime 1.x, not {self.runtime}"
            raise InvalidFile(self.path, why, line, "log the times of its operations instead")
        return self.part("", range(len(self.program(line).steps)), ms, line)

    def part(self, part: str, steps: Iterable[int], ms: float, line: int) -> NetworkTime:
        """The time of some steps of the network, which people know as `part`."""
        return NetworkTime(
            name=f"{self.network}: {part}" if part else self.network,
            program=self.program(line),
            steps=tuple(steps),
            kpu_clock_hz=self.kpu_clock_hz,
            cpu_clock_hz=self.cpu_clock_hz,
            ms=ms,
            runtime=self.runtime,
            source=f"{self.path.name}:{line}",
        )


@lru_cache(maxsize=64)
def _program(name: str, interleaved: bool, classes: int) -> Program:
    """What the KPU and the CPU do for a network; each line of a log may ask again."""
    subject = resolve(name, KPU_FORMAT, classes=classes)
    if subject.format != KPU_FORMAT:
        raise UsageError(f"'{name}' does not run on the KPU", f"its format must be {KPU_FORMAT}")
    program = lower(subject.graph, interleaved)
    if program.unknown_ops:
        layer, op = program.unknown_ops[0]
        raise UsageError(f"no rule covers the operation '{op}' of layer {layer} of {name}")
    return program


def milliseconds(path: Path, text: str, line: int) -> float:
    """The time that `text` says. Raises InvalidFile."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not SHORTEST_MS <= value <= LONGEST_MS:
        why = f"'{shown(text)}' is no time in milliseconds, {SHORTEST_MS:g} to {LONGEST_MS:g}"
        raise InvalidFile(path, why, line)
    return value


def whole_number(path: Path, text: str, line: int) -> int:
    """The number from 1 on that `text` says. Raises InvalidFile."""
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= LARGEST):
        raise InvalidFile(path, f"'{shown(text)}' is no whole number from 1 to {LARGEST}", line)
    return int(text)
