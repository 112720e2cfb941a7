"""What the K210 adds to the tables of designs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dse.columns import FIGURES, ChipColumns, Column, Limit

__all__ = ["BUFFERS", "COLUMNS", "KMODEL_BYTES", "MAIN_MEMORY_BYTES", "PEAK_KPU_BYTES"]

KMODEL_BYTES = Column("kmodel_bytes", "kmodel", int, "bytes", label="kmodel size", source=FIGURES)
MAIN_MEMORY_BYTES = Column(
    "main_memory_bytes", "Main memory", int, "bytes", short="RAM", source=FIGURES
)
PEAK_KPU_BYTES = Column("peak_kpu_bytes", "KPU memory", int, "bytes", short="KPU", source=FIGURES)

BUFFERS = tuple(
    Column(f"{name}_bytes", f".{name}", int, "bytes", source=FIGURES)
    for name in ("input", "output", "data")
)
"""The parts of main memory beside the file; `dse check` tells them, a study does not keep them."""


def _limits(target: Mapping[str, Any]) -> tuple[Limit, ...]:
    """Main memory has two limits where a firmware keeps some of it: the chip's and the rest."""
    found = []
    main, kept = target.get("main_memory_bytes"), target.get("firmware_bytes", 0)
    if main and kept:
        words = f"{_mebibytes(main - kept)} left by the firmware"
        found.append(Limit(MAIN_MEMORY_BYTES.name, float(main - kept), words))
    if main:
        words = f"{_mebibytes(main)} on the chip"
        found.append(Limit(MAIN_MEMORY_BYTES.name, float(main), words))
    kpu = target.get("kpu_memory_bytes")
    if kpu:
        words = f"{_mebibytes(kpu)} of KPU memory"
        found.append(Limit(PEAK_KPU_BYTES.name, float(kpu), words))
    return tuple(found)


def _mebibytes(size_bytes: float) -> str:
    return f"{size_bytes / 2**20:.3g} MiB"


COLUMNS = ChipColumns(
    costs=(KMODEL_BYTES, MAIN_MEMORY_BYTES, PEAK_KPU_BYTES),
    size=KMODEL_BYTES.name,
    file_ap=Column("kmodel_ap", "kmodel AP", float, "ap", source="file_ap"),
    file="kmodel",
    accelerator="KPU",
    format="kpu8",
    limits=_limits,
    detectors="k210_detectors",
)
