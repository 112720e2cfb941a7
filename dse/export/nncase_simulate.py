"""The simulator's own process: `python -m dse.export.nncase_simulate FILE`.

Pictures come in on stdin, maps go out on what was stdout when the process started, in the
frames of `nncase_frames`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import IO, Any

import nncase
import numpy as np

from dse.export.child import limit_memory
from dse.export.nncase_frames import FRAME

__all__ = ["main"]


def main(path: Path) -> None:
    """Answers pictures with maps until stdin ends."""
    limit_memory()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what nncase prints must not land among the maps
    try:
        simulator = nncase.Simulator()
        simulator.load_model(path.read_bytes())
        wanted = simulator.get_input_tensor(0)
        shapes = {
            "input": [int(side) for side in wanted.shape],
            "output": [int(side) for side in simulator.get_output_tensor(0).shape],
        }
        _answer(answers, b"r", json.dumps(shapes).encode())
        while (pixels := _next(sys.stdin.buffer, shapes["input"])) is not None:
            _answer(answers, b"d", _simulate(simulator, pixels))
    except Exception as error:
        _answer(answers, b"e", f"{type(error).__name__}: {error}".encode())


def _simulate(simulator: Any, pixels: np.ndarray[Any, Any]) -> bytes:
    simulator.set_input_tensor(0, nncase.RuntimeTensor.from_numpy(pixels))
    simulator.run()
    found = simulator.get_output_tensor(0).to_numpy()
    return np.ascontiguousarray(found, np.float32).tobytes()


def _next(stream: IO[bytes], shape: list[int]) -> np.ndarray[Any, Any] | None:
    """The next picture, or None at the end."""
    head = stream.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    _, size = FRAME.unpack(head)
    content = stream.read(size)
    return np.frombuffer(content, np.uint8).reshape(shape) if len(content) == size else None


def _answer(stream: IO[bytes], kind: bytes, content: bytes) -> None:
    stream.write(FRAME.pack(kind, len(content)) + content)
    stream.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
