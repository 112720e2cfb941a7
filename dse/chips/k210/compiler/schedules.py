"""What the compiler's dumped schedules (`codegen/*.sched`) say beyond its summary."""

from __future__ import annotations

import re
from pathlib import Path

from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.errors import CompilerError

__all__ = ["peak_kpu_bytes", "without_noise"]

_KPU_ADDRESS = re.compile(r"@unknown\[(\d+), (\d+)\]")
_ACTIVATION_TABLE = re.compile(r"/act\)\s*: <u8 \[144\][^>]*> @rdata\[(\d+), (\d+)\]")
SEGMENTS = 16
SEGMENT_BYTES = 8
USED_BITS_OF_LAST_BYTE = 0x0F
"""An activation has 16 segments: a shift (8 bits), a slope (16), a start (36); four bits are
spare (`kpu_activate_table_t` in the standalone SDK's kpu.h)."""


def peak_kpu_bytes(codegen: Path) -> int | None:
    """Bytes of the KPU's own memory from the lowest to the highest address that a function uses.

    nncase 1.9 hands them out from the start, 1.1 from the end. None without a function.
    """
    spans = []
    for schedule in codegen.glob("k210_*.sched"):
        used = [(int(start), int(end)) for start, end in _KPU_ADDRESS.findall(schedule.read_text())]
        if used:
            spans.append(max(end for _, end in used) - min(start for start, _ in used))
    return max(spans, default=None)


def without_noise(kmodel: bytes, codegen: Path) -> bytes:
    """`kmodel` with zeros where nncase 1.x leaves whatever lay in its memory.

    The spare bits of activation tables are never set, so that two runs on the same input give
    two files. Nothing reads these bits. Raises CompilerError if the tables do not lie
    where the schedules say.
    """
    tables = {
        (int(start), int(end))
        for schedule in codegen.glob("k210_*.sched")
        for start, end in _ACTIVATION_TABLE.findall(schedule.read_text())
    }
    if not tables:
        return kmodel
    module = next(m for m in parse_kmodel(kmodel).modules if m.type == "k210")
    constants = next(s for s in module.sections if s.name == ".rdata")
    cleaned = bytearray(kmodel)
    for start, end in tables:
        if end > constants.size_bytes or end - start < SEGMENTS * SEGMENT_BYTES:
            raise CompilerError(
                f"the compiler's schedule places a table at {start}..{end} of its constants",
                "this is another compiler than nncase 1.x: install the version dse asks for",
            )
        last_byte = constants.start + start + SEGMENT_BYTES - 1
        for segment in range(SEGMENTS):
            cleaned[last_byte + segment * SEGMENT_BYTES] &= USED_BITS_OF_LAST_BYTE
    return bytes(cleaned)
