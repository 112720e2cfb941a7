"""Compiles a bundle's decoder, for this machine and for RISC-V, and runs it on maps."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dse.detection.detections import Detections
from dse.detection.head import FACE_HEAD, Head

__all__ = [
    "HOST",
    "HOST_FAST_MATH",
    "RISCV",
    "STRICT",
    "Toolchain",
    "build",
    "count_instructions",
    "decode",
]

HARNESS = Path(__file__).with_name("decoder_harness.c")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")
SDK_FLAGS = ("-Os", "-ffast-math", "-fno-math-errno", "-fsingle-precision-constant")
"""How the standalone SDK compiles (its cmake/compile-flags.cmake)."""

FACE_NUMBERS = 5
"""Of `face_t`: corners and score; its class follows where the head has several."""


@dataclass(frozen=True)
class Toolchain:
    """A compiler with its flags, and what its programs need in front of them to run."""

    compiler: tuple[str, ...]
    runner: tuple[str, ...] = ()

    @property
    def missing(self) -> str | None:
        """The first program that is not installed."""
        needed = (self.compiler[0], *self.runner[:1])
        return next((name for name in needed if shutil.which(name) is None), None)


HOST = Toolchain(("gcc", "-O1", *SANITIZERS))
HOST_FAST_MATH = Toolchain(("gcc", *SANITIZERS, *SDK_FLAGS))
RISCV = Toolchain(("riscv64-linux-gnu-gcc", "-static", *SDK_FLAGS), ("qemu-riscv64",))
"""Debian's compiler for rv64gc, as the chip is; its libm is for doubles in registers, which the
SDK's ABI (lp64f) does without, so that a program to run cannot be of that ABI."""


def build(
    folder: Path, toolchain: Toolchain, sources: Mapping[str, bytes], head: Head = FACE_HEAD
) -> Path:
    """The harness around the decoder in `sources` (files of a bundle), compiled in `folder`."""
    for name in ("decode.c", "decode.h", "detector.h"):
        (folder / name).write_bytes(sources[name])
    program = folder / "decode"
    inputs = [str(HARNESS), str(folder / "decode.c"), f"-I{folder}"]
    inputs.append(f"-DNUMBERS_PER_BOX={head.numbers_per_box}")
    command = [*toolchain.compiler, *STRICT, *inputs, "-o", str(program), "-lm"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return program


def decode(
    program: Path,
    toolchain: Toolchain,
    planes: NDArray[np.float32],
    picture: tuple[float, int, int] | None = None,
    *,
    labelled: bool = False,
) -> list[Detections]:
    """What the program finds in planes (n, channels, h, w).

    picture: scale, height and width, as of `Detections.on_picture`; else faces of the canvas.
    labelled: they have classes.
    """
    scale, height, width = picture or (0.0, 0, 0)
    place = ["1", repr(scale), str(width), str(height)] if picture else []
    command = [*toolchain.runner, str(program), *place]
    run = subprocess.run(command, input=_stream(planes), capture_output=True, check=True)
    found, start = [], 0
    for _ in planes:
        (count,) = struct.unpack_from("i", run.stdout, start)
        width = FACE_NUMBERS + labelled
        faces = np.frombuffer(run.stdout, np.float32, width * count, start + 4)
        rows = faces.reshape(-1, width)
        labels = rows.view(np.int32)[:, FACE_NUMBERS] if labelled else None
        found.append(Detections(rows[:, :4], rows[:, 4], labels))  # type: ignore[arg-type]
        start += 4 + faces.nbytes
    return found


def count_instructions(program: Path, toolchain: Toolchain, planes: NDArray[np.float32]) -> int:
    """Instructions of one `decode` of one map, planes (channels, h, w), as qemu executes them.

    qemu logs a line for every block it enters; stepping singly, a block is an instruction. The
    difference between two decodings and one leaves out the rest of the program.
    """
    once, twice = (_executed(program, toolchain, planes[None], times) for times in (1, 2))
    return twice - once


def _executed(
    program: Path, toolchain: Toolchain, planes: NDArray[np.float32], repeats: int
) -> int:
    command = [*toolchain.runner, "-singlestep", "-d", "exec,nochain", str(program), str(repeats)]
    run = subprocess.run(command, input=_stream(planes), capture_output=True, check=True)
    return run.stderr.count(b"\n")


def _stream(planes: NDArray[np.float32]) -> bytes:
    return struct.pack("i", len(planes)) + np.ascontiguousarray(planes, np.float32).tobytes()
