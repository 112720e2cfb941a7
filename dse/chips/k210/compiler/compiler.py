"""TensorFlow-Lite to kmodel: nncase in a process of its own.

Pictures go in as planar uint8 (1, channels, h, w), as the K210's camera interface delivers
them, and maps come out planar: an interleaved picture would cost a transpose on the CPU and,
at 224 pixels, 150,528 bytes of working memory. A network that reads something else is given its
own float32 numbers.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse import processes
from dse.chips.k210.compiler.network_inputs import network_inputs
from dse.chips.k210.compiler.schedules import peak_kpu_bytes, without_noise
from dse.chips.k210.compiler.toolchain import HAS_K210, Toolchain, toolchain
from dse.chips.k210.kmodel.kmodel import Kmodel, parse_kmodel
from dse.chips.k210.older_versions import rewritten
from dse.errors import CompilerError
from dse.files import temporary_folder, write_whole

__all__ = [
    "CALIBRATE_METHODS",
    "OUT_OF_KPU_MEMORY",
    "CompiledKmodel",
    "compile_kmodel",
    "compiler_version",
]

CALIBRATE_METHODS = ("no_clip", "l2", "kld_m0", "kld_m1", "kld_m2", "cdf")
"""How nncase chooses activation ranges (`PTQTensorOptions.calibrate_method`)."""

STOPPED = "was stopped after"
"""What is said when the time limit ended the compiler: no answer."""

OUT_OF_KPU_MEMORY = "Allocator has ran out of memory"
"""What the compiler says when the feature maps do not fit; no other pool has an end."""

_MEANINGS = (
    (
        OUT_OF_KPU_MEMORY,
        "the feature maps do not fit the KPU's 2 MiB: use a smaller input size or width",
    ),
    ("bad_alloc", "the compiler ran out of this computer's memory: use fewer calibration pictures"),
    ("Invalid tflite model", "the TensorFlow-Lite file is damaged: write it again"),
    ("not supported", "the compiler knows no such operation: change the network"),
)
"""What the compiler says, and what it means."""

_SUMMARY = re.compile(r"^\s*\.?(input|output|data|MODEL):?\s.*\((\d+) B\)", re.MULTILINE)


@dataclass(frozen=True)
class CompiledKmodel:
    """A kmodel and the compiler's own figures about it.

    data_bytes: working memory beside the file; peak_kpu_bytes: what is in use of the
    KPU's own memory, None where no layer runs on the KPU; nncase_version: the compiler's, which
    the runtime must have too; log: what it printed.
    """

    kmodel: bytes
    kmodel_bytes: int
    input_bytes: int
    output_bytes: int
    data_bytes: int
    peak_kpu_bytes: int | None
    nncase_version: str
    log: str

    @property
    def main_memory_bytes(self) -> int:
        """Main memory in use while the network runs."""
        return self.kmodel_bytes + self.input_bytes + self.output_bytes + self.data_bytes

    def in_first_version(self, versions: Sequence[int]) -> CompiledKmodel:
        """The same as the first of `versions` that can express it. Raises as the last does."""
        for version in versions[:-1]:
            with suppress(CompilerError):
                return self.in_version(version)
        return self.in_version(versions[-1])

    def in_version(self, version: int) -> CompiledKmodel:
        """The same network as a kmodel of `version`; its inputs and outputs lie in its data.

        Raises CompilerError for a network that `version` cannot express.
        """
        if version == self.headers.version:
            return self
        kmodel = rewritten(self.kmodel, version)
        return replace(
            self,
            kmodel=kmodel,
            kmodel_bytes=len(kmodel),
            input_bytes=0,
            output_bytes=0,
            data_bytes=parse_kmodel(kmodel).data_bytes,
        )

    @property
    def headers(self) -> Kmodel:
        """What the file says of itself."""
        return parse_kmodel(self.kmodel)


def compile_kmodel(
    network: bytes,
    calibration: NDArray[Any] | Sequence[NDArray[Any]],
    *,
    interleaved: bool = False,
    time_limit_s: float = 120,
    calibrate_method: str = "no_clip",
    nncase_version: str | None = None,
    kind: str = "tflite",
) -> CompiledKmodel:
    """Compiles a float32 TensorFlow-Lite file for the K210 with post-training quantization.

    calibration: (n, h, w, channels) uint8, letterboxed pictures of the network's input shape,
    which set the activation ranges; of a network with several inputs, one such array for each; of
    one that reads no picture (see `NetworkInputs.are_pictures`), float32 (n, *shape). interleaved:
    pictures and maps are (h, w, channels) on the
    board too, see above. nncase_version: default our own, see `toolchain`. kind: "onnx" for a file
    that `dse.network.onnx_files` made ready. Raises CompilerError
    with the compiler's own reason, also when it takes longer than `time_limit_s` seconds or
    dies; FileError where there is no room for temporary files.
    """
    inputs = network_inputs(network, kind)
    samples = [calibration] if isinstance(calibration, np.ndarray) else list(calibration)
    inputs.check(samples)
    _check_method(calibrate_method)
    tools = toolchain(nncase_version)
    layout = "NHWC" if interleaved else "NCHW"
    options = {
        "target": "k210",
        "calibrate_method": calibrate_method,
        "samples": len(samples[0]),
        **inputs.options(layout),
    }
    with temporary_folder("dse-compile-") as folder:
        write_whole(folder / "network", network, durable=False)  # all gone at the end
        write_whole(folder / "options.json", json.dumps(options), durable=False)
        stored = b"".join(one.tobytes() for one in inputs.arranged(samples, layout))
        write_whole(folder / "calibration.bin", stored, durable=False)
        log = _run(tools, folder, time_limit_s)
        return _read(folder, log, tools.version)


def compiler_version() -> str:
    """Such as "nncase 1.9.0.20230322, k210".

    Raises CompilerError where it is missing, or cannot be loaded, or has no such target.
    """
    number, hint = toolchain().version, "reinstall dse: nncase belongs to it"
    code, said, death = processes.run([sys.executable, "-c", HAS_K210], time_limit_s=60)
    if code:
        raise CompilerError(f"nncase {number} {death}: {processes.last_lines(said)}", hint)
    if code is None:
        raise CompilerError(f"nncase {number} does not answer", hint)
    return f"nncase {number}, k210"


def _check_method(calibrate_method: str) -> None:
    if calibrate_method not in CALIBRATE_METHODS:
        raise CompilerError(
            f"calibration method '{calibrate_method}' is unknown",
            f"known: {', '.join(CALIBRATE_METHODS)}",
        )


def _run(tools: Toolchain, folder: Path, time_limit_s: float) -> str:
    """Runs the compiler on `folder`; returns what it printed."""
    code, log, death = processes.run(
        tools.command("compile", folder),
        time_limit_s,
        memory_limit_bytes=processes.MEMORY_LIMIT_BYTES,
    )
    if code is None:
        raise CompilerError(
            f"the kmodel compiler {STOPPED} {time_limit_s:g} s",
            "give it fewer calibration pictures, or more time",
        )
    if code or not (folder / "model.kmodel").is_file():
        said = _own_words(log)
        raise CompilerError(f"the kmodel compiler {death}: {said}", _meaning(log))
    return log


def _own_words(log: str) -> str:
    """The line that holds the reason, or the last lines where there is none."""
    for line in reversed(log.splitlines()):
        if any(known in line for known, _ in _MEANINGS) or "Error:" in line:
            return line.strip()
    return processes.last_lines(log) or "it printed nothing"


def _meaning(log: str) -> str:
    for known, meaning in _MEANINGS:
        if known in log:
            return meaning
    return "the network holds something that nncase cannot compile"


def _read(folder: Path, log: str, nncase_version: str) -> CompiledKmodel:
    """The file and its figures, checked against what the file's own headers say."""
    kmodel = (folder / "model.kmodel").read_bytes()
    summary = {key: int(value) for key, value in _SUMMARY.findall(log)}
    headers = parse_kmodel(kmodel)
    told = tuple(summary.get(key) for key in ("MODEL", "input", "output", "data"))
    seen = len(kmodel), headers.input_bytes, headers.output_bytes, headers.data_bytes
    if told != seen:
        raise CompilerError(
            f"the compiler reports {told} bytes (file, input, output, data), its file says {seen}",
            "this is another compiler than nncase 1.x: install the version dse asks for",
        )
    codegen = folder / "dump" / "codegen"
    cleaned = without_noise(kmodel, codegen)
    return CompiledKmodel(cleaned, *seen, peak_kpu_bytes(codegen), nncase_version, log)
