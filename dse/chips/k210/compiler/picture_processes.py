"""Detectors that run in processes of their own, fed with pictures through pipes.

Native code that reads a damaged file may print, hang, ask for any amount of memory or die: in
a child it hurts nobody, and the clock watches it. One child a core, as they use one each, and
no more than the pictures are worth.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dse import processes
from dse.canvas import Canvas, InputSize
from dse.chips.k210.compiler.nncase_process import FRAME
from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.detection.head import FACE_HEAD, Head
from dse.errors import VerificationFailed
from dse.files import temporary_folder, write_whole

__all__ = ["PictureProcesses", "Runner"]

START_LIMIT_S = 300.0
"""A simulator starts in 0.5 s, TensorFlow in 4 s, on a loaded machine in over a minute."""

MOST_TEXT_BYTES = 1 << 16
"""Of what a process says of its tensors, or of why it cannot run the file."""

_HINT = "the file is damaged or was made by another compiler: export it again"


class Runner(NamedTuple):
    """What runs a file. name: for messages, such as "simulator". file: of what, such as "kmodel".

    command: path of the file -> command line of a process that answers with frames, see
    `nncase_process`. shapes: of its input and output, planar. pictures_a_process: for fewer, one
    process more takes longer to start than it saves.
    """

    name: str
    file: str
    command: Callable[[Path], list[str]]
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    pictures_a_process: int = 1


class PictureProcesses:
    """A `Predict` over worker processes, which start with the first call and end with `close`."""

    def __init__(
        self,
        content: bytes,
        runner: Runner,
        workers: int | None,
        box_scale: float,
        time_limit_s: float,
        head: Head = FACE_HEAD,
    ) -> None:
        self._content = content
        self._runner = runner
        self._count = workers or os.cpu_count() or 1
        self._scale, self._head = box_scale, head
        self._time_limit_s = time_limit_s
        self._workers: list[_Worker] = []
        self._files = contextlib.ExitStack()
        self._folder: Path | None = None

    def __enter__(self) -> PictureProcesses:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __call__(self, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Maps (n, h, w, channels) of `canvases` (n, height, width, 3), in order."""
        pictures = self._arrange(canvases)
        height, width, channels = self.map_shape
        maps = np.empty((len(pictures), height, width, channels), np.float32)
        if len(pictures):
            self._simulate(pictures, maps)
        return unscale_boxes(maps, self._scale, self._head)

    @property
    def input_size(self) -> InputSize:
        """Names the canvas of a picture."""
        return Canvas.of_planes(self._runner.shapes[0]).input_size

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one map."""
        channels, height, width = self._runner.shapes[1][1:]
        return height, width, channels

    def close(self) -> None:
        """Ends the worker processes. Safe to call twice."""
        workers, self._workers = getattr(self, "_workers", []), []
        for worker in workers:
            worker.close()
        if getattr(self, "_folder", None) is not None:
            self._folder = None
            self._files.close()

    def _arrange(self, canvases: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Planar pictures, as the file wants them."""
        shape = Canvas.of_planes(self._runner.shapes[0]).shape
        if canvases.dtype != np.uint8 or canvases.shape[1:] != shape:
            raise ValueError(
                f"canvases are {canvases.dtype} {canvases.shape}, not uint8 of (n, *{shape})"
            )
        return np.ascontiguousarray(canvases.transpose(0, 3, 1, 2))

    def _simulate(self, pictures: NDArray[np.uint8], maps: NDArray[np.float32]) -> None:
        """Fills `maps`; each worker takes the next picture when it is done with one."""
        worth = -(-len(pictures) // self._runner.pictures_a_process)
        self._start(min(self._count, worth))
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in range(len(pictures)):
            waiting.put(index)
        failures: list[VerificationFailed] = []

        def work(worker: _Worker) -> None:
            while not failures:
                try:
                    index = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    maps[index] = worker.run(pictures[index], self._time_limit_s)
                except VerificationFailed as failure:
                    failures.append(failure)

        threads = [threading.Thread(target=work, args=(w,)) for w in self._workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            self.close()
            raise failures[0]

    def _start(self, count: int) -> None:
        """Brings the number of workers up to `count`; they load side by side."""
        if self._folder is None:
            self._folder = self._files.enter_context(temporary_folder("dse-simulate-"))
            write_whole(self._folder / "model", self._content, durable=False)
        path = self._folder / "model"
        fresh = [_Worker(self._runner, path) for _ in range(count - len(self._workers))]
        self._workers += fresh
        try:
            for worker in fresh:
                worker.wait_ready()
        except VerificationFailed:
            self.close()
            raise


class _Worker:
    """One process."""

    def __init__(self, runner: Runner, path: Path) -> None:
        self._runner = runner
        self._process = processes.Companion(
            runner.command(path), memory_limit_bytes=processes.MEMORY_LIMIT_BYTES
        )

    def wait_ready(self) -> None:
        """Until the file is loaded; its shapes must be those that the runner expects."""
        shapes = json.loads(self._receive(START_LIMIT_S, b"r", MOST_TEXT_BYTES))
        told = tuple(shapes["input"]), tuple(shapes["output"])
        if told != self._runner.shapes:
            raise VerificationFailed(
                f"the {self._runner.name} finds tensors of shapes {told} in the "
                f"{self._runner.file}, not {self._runner.shapes}",
                _HINT,
            )

    def run(self, picture: NDArray[np.uint8], time_limit_s: float) -> NDArray[np.float32]:
        """The map (h, w, channels) of one planar picture."""
        content, shape = picture.tobytes(), self._runner.shapes[1][1:]
        try:
            self._process.send(FRAME.pack(b"p", len(content)) + content)
        except processes.Ended as ended:
            raise self._failure(ended) from None
        size = 4 * int(np.prod(shape))
        answer = self._receive(time_limit_s, b"d", size)
        if len(answer) != size:
            raise VerificationFailed(f"the {self._runner.name} returned a map of another size")
        return np.frombuffer(answer, np.float32).reshape(shape).transpose(1, 2, 0)

    def close(self) -> None:
        """Ends the process at once: it holds nothing worth saving."""
        self._process.close()

    def _receive(self, time_limit_s: float, kind: bytes, most_bytes: int) -> bytes:
        """The content of the next frame, which must be of `kind` and of `most_bytes` or less."""
        deadline = time.monotonic() + time_limit_s
        try:
            found, size = FRAME.unpack(self._process.receive(FRAME.size, deadline))
            if size > max(most_bytes, MOST_TEXT_BYTES):
                raise VerificationFailed(f"the {self._runner.name} returned a map of another size")
            content = self._process.receive(size, deadline)
        except processes.Ended as ended:
            raise self._failure(ended) from None
        except TimeoutError:
            raise VerificationFailed(
                f"the {self._runner.name} took too long and was stopped", _HINT
            ) from None
        if found != kind:
            said = content.decode(errors="replace")
            raise VerificationFailed(
                f"the {self._runner.name} cannot run this {self._runner.file}: {said}", _HINT
            )
        return content

    def _failure(self, ended: processes.Ended) -> VerificationFailed:
        """The process is gone: says how."""
        runner = self._runner
        return VerificationFailed(f"the {runner.name} {ended} on this {runner.file}", _HINT)
