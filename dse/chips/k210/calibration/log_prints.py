"""What programs print on the serial line: our own, and nncase's runtimes in debug mode.

    network=P8-a1-256 kpu_mhz=400 cpu_mhz=400     settings, which hold until they are changed
    frame=7 run_ms=7.13 decode_ms=0.4             a whole network; other keys are left alone
    run kmodel takes 129.057007 ms.               the same, by the SDK's wrapper of runtime 1.x
    |tensor_call    |1.7    |88.1    |            all operations of a kind, by runtime 1.9
    KPUConv2D: 0.514000ms                         one operation, by the SDK's wrapper of 0.2
    DMA upload took 328 us                        the picture's upload, as nncase thread 95 has it
    layer 2 [K210Conv]: 0.514000 ms               one operation, by the SDK's kpu.c of 0.1

The operations of one picture end with their total. docs/calibrate.md says how to have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from dse.chips.k210.calibration.board_run import SETTINGS, BoardRun, milliseconds
from dse.chips.k210.calibration.measurement import NetworkTime
from dse.chips.k210.calibration.printed_frames import Operation, frame_times

__all__ = ["Printed", "read_prints"]

_SETTING = re.compile(r"(?:^|(?<=\s))(\w+)=([^\s,;]+)")
_WHOLE = re.compile(r"run kmodel takes (\S+) ms\b")
_OPERATIONS = {
    "0.1": re.compile(r"layer \d+ \[(K210Conv)\]: (\S+) ms$"),
    "0.2": re.compile(r"(KPUConv2D|Dequantize): (\S+)ms$"),
    "1.9": re.compile(r"\|(tensor_\w+) *\|(\S+) *\|"),
}
_UPLOAD = re.compile(r"DMA upload took (\d{1,9}) us$")
_TOTAL = re.compile(r"(Total|Model): |\|total ")


class Printed(NamedTuple):
    """The times, and the numbers of the lines that say nothing of any."""

    times: list[NetworkTime]
    ignored: list[int]


def read_prints(run: BoardRun, lines: Iterable[tuple[int, str]]) -> Printed:
    """The times in numbered lines. Raises InvalidFile for one that cannot be right."""
    printed = Printed([], [])
    frame: list[Operation] = []
    for line, text in lines:
        operation, settings = _operation(run, text, line), dict(_SETTING.findall(text))
        total = _TOTAL.match(text)
        if operation and not total:
            if frame and frame[0].runtime != operation.runtime:
                printed.times.extend(frame_times(run, frame))
                frame = []
            frame.append(operation)
            continue
        says = [key for key in settings if key in (*SETTINGS, "run_ms")]
        if total or says:
            printed.times.extend(frame_times(run, frame))
            frame = []
            run = run.changed(settings, line)
        whole = _WHOLE.search(text)
        ms = whole[1] if whole else settings.get("run_ms")
        if ms:
            printed.times.append(run.whole(milliseconds(run.path, ms, line), line))
        elif not (total or says):
            printed.ignored.append(line)
    printed.times.extend(frame_times(run, frame))
    return printed


def _operation(run: BoardRun, text: str, line: int) -> Operation | None:
    upload = _UPLOAD.match(text)
    if upload:
        return Operation(line, "0.2", "upload", int(upload[1]) / 1e3)
    for runtime, pattern in _OPERATIONS.items():
        match = pattern.match(text)
        if match:
            zero = re.fullmatch(r"0\.?0*", match[2])  # too short for the clock; its place counts
            ms = 0.0 if zero else milliseconds(run.path, match[2], line)
            return Operation(line, runtime, match[1], ms)
    return None
