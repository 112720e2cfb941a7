"""Cycles of the CPU's loops in the runtimes of nncase 0.1 and 0.2, one round each.

Three sources, best first:

* printed times of `constraints/k210_times.csv`, which no rule of 1.9 is fitted to;
* loops that 1.9 has too, from the target (its sources stand in `constraints/k210.toml`);
* counted instructions, times the 1.35 cycles that were measured for one (as in `k210.toml`): for
  0.2 of `kernels/neutral/neutral_kernels.h` of the standalone SDK (`lib/nncase/v0`), built for
  x86-64 without vector instructions, from 0.7 times the count of `-O2` to 1.5 times that of `-Os`.
  Three of its loops were printed too: dequantization takes 12.2 cycles (counted 12.2),
  transposition 64 (47 to 87), quantized addition 80 (31 to 59). For 0.1 they are read off
  `lib/drivers/kpu.c`, and the band is half to double.

No constant here is fitted to the time of a whole network. What a design will take in these versions
and what a file takes are both told from here.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping

from dse import resources
from dse.chips.k210.cost.choosing import chosen_cycles
from dse.chips.k210.cost.convolution_time import convolution_ms
from dse.chips.k210.cost.kpu_layout import ROW_BYTES
from dse.chips.k210.cost.program import Step
from dse.chips.k210.target import K210Target
from dse.chips.target import Cycles

__all__ = ["download_cycles", "measured_cycles", "old_loops", "upload_cycles"]

WORD = 8
"""Bytes that 0.1 uploads at once where the rows' width and place allow it."""

SPREAD = 0.8, 1.2
"""Around the printed times of one loop, as for the target's own transfers."""

COPIED_PICTURE = 38.2
"""Cycles a byte at the most: nncase thread 81 has 81 ms for all of slim-320 and 60 for its nodes,
under a runtime that copied; at most 22 ms are the 230,400 bytes of the picture."""

COUNTED_02: Mapping[str, Cycles] = {
    "pad": (20, 29, 45),
    "reduce": (72, 112, 180),  # an index vector for each number read
    "pool": (25, 63, 136),  # a number of a window; of 2x2, with the window's own work
    "nearest": (23, 36, 58),
    "bilinear": (51, 75, 116),
    "binary": (10, 18, 32),
    "binary_broadcast": (96, 175, 318),  # two index vectors for each number
    "quantized_broadcast": (150, 235, 420),  # the same, and the printed quantized addition
    "matmul": (6.6, 10, 16),  # a product
    "conv2d": (14, 22, 35),  # a product of a filter of 3x3
    "conv2d_1x1": (45, 65, 98),  # the loops around each product count
    "softmax": (52, 90, 141),
    "lookup": (5.7, 8.8, 14),
    "unary": (10, 50, 150),  # exp 50; a square root and a sine are at the ends
    "unary_program": (5, 20, 60),  # a byte of a program, a number
    "slice": (5, 10, 20),
}

READ_01: Mapping[str, Cycles] = {
    "upload_words": (1, 3.3, 8),  # a byte, of eight that go at once
    "add": (5, 10, 20),
    "quantized_add": (15, 30, 60),  # eight at a time, in 64 bits
    "quantize": (20, 42, 84),  # roundf
    "lookup": (4.5, 9, 18),
    "mean": (4, 8, 16),
    "pool": (10, 20, 40),  # a number of a window
    "normalize": (8, 16, 32),
    "softmax": (40, 85, 170),
    "logistic": (40, 75, 150),
    "fully_connected": (8, 36, 60),  # a product, for which four bytes of weights are copied first
    "flatten": (7, 14, 28),
    "nearest": (16, 33, 66),
    "padding": (6, 12, 24),  # a channel of a map of 4x4
}


@functools.lru_cache(maxsize=16)
def old_loops(version: int, target: K210Target) -> Mapping[str, Cycles]:
    """Name of a loop -> cycles, of the runtime that runs kmodels of `version` (3 or 4)."""
    own = {
        "copy": target.cpu_cycles_per_copied_byte,
        "upload": target.cpu_cycles_per_uploaded_byte,
        "dma": target.cpu_cycles_per_dma_byte,
        "download": target.cpu_cycles_per_downloaded_byte,
        "download_whole": target.cpu_cycles_per_downloaded_byte_aligned,
    }
    if version == 3:
        loops = {**own, **READ_01, **measured_cycles("0.1")}
        if target.kmodel_3_results_by_dma:
            loops["download"] = loops["download_whole"] = loops["dma_output"]
        return loops
    dma, upload, words = own["dma"], own["upload"], own["download_whole"]
    return {
        **own,
        **COUNTED_02,
        **measured_cycles("0.2"),
        "dequantize": target.cpu_cycles_per_dequantized_element,
        "quantize": target.cpu_cycles_per_quantized_element,
        # The SDK of 2020, whose times were printed, took DMA; MaixPy's `libnncase.a` and the SDK
        # of today (`nncase_v0.cpp`) copy the picture by memmove.
        "input": (dma[0], upload[1], COPIED_PICTURE),
        # memmove, too; where it goes by words it takes as little as a download by words
        "upload_whole": (words[0], upload[1], upload[2]),
    }


def upload_cycles(
    version: int, target: K210Target, width: int, *, picture: bool = False, start: int = 0
) -> Cycles:
    """Cycles a byte of rows of `width` bytes that go to the accelerator, from address `start` on.

    picture: the runtime brings it to the first layer. `width` may be an array.
    """
    loops, fills = old_loops(version, target), width % ROW_BYTES == 0
    if version == 4:
        whole = loops["input" if picture else "upload_whole"]
        return chosen_cycles(fills, whole, loops["upload"])
    by_words = chosen_cycles(
        (width % WORD == 0) & (start % WORD == 0), loops["upload_words"], loops["upload"]
    )
    return chosen_cycles(fills, loops["dma"], by_words) if picture else by_words


def download_cycles(version: int, target: K210Target, width: int) -> Cycles:
    """Cycles a byte of a layer's rows of `width` bytes on their way to main memory."""
    loops = old_loops(version, target)
    return chosen_cycles(width % ROW_BYTES == 0, loops["download_whole"], loops["download"])


@functools.cache
def measured_cycles(runtime: str) -> Mapping[str, Cycles]:
    """Operation -> cycles a number written, as that runtime printed and as no rule is fitted to.

    What a printed time has beside it (a convolution whose result is written) is taken off.
    """
    chip = K210Target.load("k210")
    found: dict[str, list[float]] = {}
    for row in _rows():
        if row["fitted"] == "yes" or row["runtime"] != runtime:
            continue
        *before, op = row["ops"].split("+")
        height, width, read, written = (int(row[side]) for side in SIDES)
        ms = float(row["ms"])
        for one in before:
            step = Step(one, "", (0,), (height, width, written), 1, int(row["kernel"]), read)
            ms -= convolution_ms(step, (height, width, read), chip)[0]
        cycles = ms * 1e3 * int(row["cpu_mhz"]) / (height * width * written)
        found.setdefault(op, []).append(cycles)
    return {
        op: (SPREAD[0] * min(all_), sum(all_) / len(all_), SPREAD[1] * max(all_))
        for op, all_ in found.items()
    }


SIDES = "height", "width", "input_channels", "output_channels"


def _rows() -> list[dict[str, str]]:
    """Of the table, which is the package's own; its clocks are the chip's."""
    text = (resources.folder("constraints") / "k210_times.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
