"""The second opinion of `darknet.c`, which does with a map what a firmware's decoder does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dse.canvas import InputSize
from dse.detection.region_head import RegionHead

__all__ = ["built", "compiler", "found_by_firmware"]

SOURCE = Path(__file__).with_suffix(".c")


def compiler() -> str | None:
    """The C compiler of this machine."""
    return shutil.which("gcc") or shutil.which("cc")


def built(folder: Path) -> Path:
    """The program, compiled into `folder`."""
    program = folder / "darknet"
    flags = ["-std=c99", "-O1", "-ffp-contract=off", "-Wall", "-Werror"]
    command = [compiler() or "cc", *flags, str(SOURCE), "-o", str(program), "-lm"]
    subprocess.run(command, check=True)
    return program


def found_by_firmware(
    program: Path,
    maps: NDArray[np.float32],
    head: RegionHead,
    input_size: InputSize,
    threshold: float,
    iou: float,
    *,
    ties_by_cell: bool = True,
) -> list[NDArray[np.float64]]:
    """Per map (n, h, w, channels) its boxes: rows class, probability, x0, y0, x1, y1, in shares
    of the picture, by falling probability.

    ties_by_cell: of equal probabilities the first cell's is the better, as in our decoders, else
    the first anchor's; a firmware leaves that to its C library's qsort.
    """
    count, rows, columns, _ = maps.shape
    shape = np.array([rows, columns, len(head.anchors), len(head.classes), ties_by_cell], np.int32)
    limits = np.array([threshold, iou], np.float32)
    anchors = head.map_units(input_size, rows, columns)
    planes = np.ascontiguousarray(maps.transpose(0, 3, 1, 2))
    sent = b"".join(part.tobytes() for part in (shape, limits, anchors, planes))
    answer = subprocess.run([program], input=sent, capture_output=True, check=True).stdout
    lines = np.array([line.split() for line in answer.decode().splitlines()], np.float64)
    lines = lines.reshape(-1, 7)
    lines = lines[np.argsort(-lines[:, 2], kind="stable"), :]
    return [lines[lines[:, 0] == number, 1:] for number in range(count)]
