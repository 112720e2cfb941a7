"""Runs kmodels on the PC: nncase's simulator, bit for bit what the chip computes.

It takes about 0.3 s a picture at 224 pixels.
"""

from __future__ import annotations

import contextlib
import math
from functools import partial

from dse.chips.k210.compiler.picture_processes import PictureProcesses, Runner
from dse.chips.k210.compiler.toolchain import toolchain
from dse.chips.k210.kmodel.kmodel import Kmodel, parse_kmodel
from dse.detection.head import FACE_HEAD, Head
from dse.errors import CompilerError, VerificationFailed

__all__ = ["RUNNABLE_VERSION", "detector_headers", "kmodel_predictor", "require_sound"]

RUNNABLE_VERSION = 5
MOST_BYTES = 8 << 20
"""All memory of the chip: a file whose input and output need more lies."""

_HINT = "the file is damaged or was made by another compiler: export it again"


def kmodel_predictor(
    kmodel: bytes,
    workers: int | None = None,
    *,
    box_scale: float = 1.0,
    head: Head = FACE_HEAD,
    nncase_version: str | None = None,
    time_limit_s: float = 60.0,
) -> PictureProcesses:
    """The detector that `kmodel` is: uint8 canvases (n, height, width, 3) -> maps (n, h, w,
    channels).

    workers: processes, default one a core. box_scale: what the exporter multiplied the box
    channels by (`detector.json`); the maps returned are divided by it. head: what the channels
    mean. nncase_version: of the compiler that made the file, default our own, see `toolchain`.
    time_limit_s: for one picture. Close it, or use it as a context manager. Raises
    VerificationFailed for what is no kmodel of version 5 or reaches outside of its memory, and,
    when called, for one that the simulator cannot run; CompilerError where that version of
    nncase cannot be had.
    """
    headers = detector_headers(parse_kmodel(kmodel), head)
    shapes = headers.inputs[0].shape, headers.outputs[0].shape
    tools = toolchain(nncase_version)
    require_sound(kmodel, tools.version)
    command = partial(tools.command, "simulate")
    runner = Runner("simulator", "kmodel", command, shapes)
    return PictureProcesses(kmodel, runner, workers, box_scale, time_limit_s, head)


def require_sound(kmodel: bytes, version: str) -> None:
    """Raises VerificationFailed where `kmodel`, of nncase `version`, reaches outside of its memory.

    Native code believes what a file says of its memory, so that is checked before it runs: but
    not what the emulator does not know, nor files of a compiler that it was never compared
    with. Those have only the simulator's process, with its limits, around them.
    """
    from dse.chips.k210 import emulator

    if version.startswith(emulator.EMULATED_VERSION):
        with contextlib.suppress(CompilerError):
            emulator.check_program(kmodel)


def detector_headers(headers: Kmodel, head: Head = FACE_HEAD) -> Kmodel:
    """`headers`, if the simulator can run such a file as a detector.

    Raises VerificationFailed where it cannot.
    """
    if headers.version != RUNNABLE_VERSION:
        raise VerificationFailed(
            f"this is a kmodel of version {headers.version} for {headers.runtime}; "
            f"the simulator runs version {RUNNABLE_VERSION}",
            "dse verify and dse evaluate run it in the emulator",
        )
    if len(headers.inputs) != 1 or len(headers.outputs) != 1:
        raise VerificationFailed("a detector has one input and one output", _HINT)
    picture, found = headers.inputs[0], headers.outputs[0]
    planar = len(picture.shape) == 4 and picture.shape[:2] == (1, 3) and min(picture.shape) > 0
    if not planar or picture.type != "uint8" or picture.size_bytes != math.prod(picture.shape):
        raise VerificationFailed(
            f"its input is {picture.type} {picture.shape}, not planar uint8 (1, 3, height, width)",
            _HINT,
        )
    planes = len(found.shape) == 4 and found.shape[0] == 1
    divisible = planes and found.shape[1] % head.numbers_per_box == 0
    positive = 0 < found.size_bytes == 4 * math.prod(found.shape)
    if not divisible or found.type != "float32" or not positive:
        raise VerificationFailed(
            f"its output is {found.type} {found.shape}, "
            f"not planar float32 (1, {head.channels}, h, w)",
            _HINT,
        )
    if headers.input_bytes + headers.output_bytes > MOST_BYTES:
        raise VerificationFailed(
            f"its input and output are {headers.input_bytes + headers.output_bytes:,} bytes, "
            f"more than the chip has",
            _HINT,
        )
    return headers
