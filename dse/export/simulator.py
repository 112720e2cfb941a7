"""Runs kmodels on the PC: nncase's simulator, bit for bit what the chip computes.

The simulator takes about 0.3 s a picture at 224 pixels and dies on broken files, so it runs
in child processes, one a core, that are fed through pipes and watched by the clock.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
from numpy.typing import NDArray

from dse.errors import VerificationFailed
from dse.export import child
from dse.export.kmodel import Kmodel, parse_kmodel
from dse.export.nncase_frames import FRAME
from dse.quantization.box_scale import unscale_boxes

__all__ = ["KmodelPredictor", "kmodel_predictor"]

START_LIMIT_S = 60.0
"""A worker starts in about 0.5 s; a loaded machine takes longer."""

RUNNABLE_VERSION = 5
_HINT = "the file is damaged or was made by another compiler: export it again"


def kmodel_predictor(
    kmodel: bytes,
    workers: int | None = None,
    *,
    box_scale: float = 1.0,
    time_limit_s: float = 60.0,
) -> KmodelPredictor:
    """The detector that `kmodel` is: canvases (n, size, size, 3) uint8 -> maps (n, h, w, 125).

    workers: processes, default one a core. box_scale: what the exporter multiplied the box
    channels by (`detector.json`); the maps returned are divided by it. time_limit_s: for one
    picture. Close it, or use it as a context manager. Raises VerificationFailed for what is
    no kmodel of version 5, and, when called, for one that the simulator cannot run.
    """
    return KmodelPredictor(kmodel, workers or os.cpu_count() or 1, box_scale, time_limit_s)


class KmodelPredictor:
    """A `Predict` over worker processes, which start with the first call and end with `close`."""

    def __init__(self, kmodel: bytes, workers: int, box_scale: float, time_limit_s: float) -> None:
        self.headers = _check(parse_kmodel(kmodel))
        self._kmodel = kmodel
        self._count = workers
        self._scale = box_scale
        self._time_limit_s = time_limit_s
        self._workers: list[_Worker] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> KmodelPredictor:
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
        """Maps (n, h, w, channels) of `canvases` (n, size, size, 3), in order."""
        pictures = self._arrange(canvases)
        height, width, channels = self.map_shape
        maps = np.empty((len(pictures), height, width, channels), np.float32)
        if len(pictures):
            self._simulate(pictures, maps)
        return unscale_boxes(maps, self._scale)

    @property
    def input_size(self) -> int:
        """Side of the picture, pixels."""
        return self.headers.inputs[0].shape[2]

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one map."""
        channels, height, width = self.headers.outputs[0].shape[1:]
        return height, width, channels

    def close(self) -> None:
        """Ends the worker processes. Safe to call twice."""
        workers, self._workers = getattr(self, "_workers", []), []
        for worker in workers:
            worker.close()
        folder = getattr(self, "_folder", None)
        if folder is not None:
            folder.cleanup()
            self._folder = None

    def _arrange(self, canvases: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Planar pictures, as the file wants them."""
        side = self.input_size
        if canvases.dtype != np.uint8 or canvases.shape[1:] != (side, side, 3):
            raise ValueError(
                f"canvases are {canvases.dtype} {canvases.shape}, not uint8 (n, {side}, {side}, 3)"
            )
        return np.ascontiguousarray(canvases.transpose(0, 3, 1, 2))

    def _simulate(self, pictures: NDArray[np.uint8], maps: NDArray[np.float32]) -> None:
        """Fills `maps`; each worker takes the next picture when it is done with one."""
        self._start(min(self._count, len(pictures)))
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
            with child.disk_errors():
                self._folder = tempfile.TemporaryDirectory(prefix="dse-simulate-")
                (Path(self._folder.name) / "model.kmodel").write_bytes(self._kmodel)
        path = Path(self._folder.name) / "model.kmodel"
        fresh = [_Worker(path) for _ in range(count - len(self._workers))]
        self._workers += fresh
        try:
            for worker in fresh:
                worker.wait_ready(self.headers)
        except VerificationFailed:
            self.close()
            raise


def _check(headers: Kmodel) -> Kmodel:
    """`headers`, if the simulator can run such a file as a detector."""
    if headers.version != RUNNABLE_VERSION:
        raise VerificationFailed(
            f"this is a kmodel of version {headers.version} for {headers.runtime}; "
            f"the simulator runs version {RUNNABLE_VERSION}",
            "export the design again with dse",
        )
    if len(headers.inputs) != 1 or len(headers.outputs) != 1:
        raise VerificationFailed("a detector has one input and one output", _HINT)
    picture, found = headers.inputs[0], headers.outputs[0]
    planar = len(picture.shape) == 4 and picture.shape[:2] == (1, 3)
    square = planar and picture.shape[2] == picture.shape[3]
    if not square or picture.type != "uint8" or picture.size_bytes != np.prod(picture.shape):
        raise VerificationFailed(
            f"its input is {picture.type} {picture.shape}, not planar uint8 (1, 3, size, size)",
            _HINT,
        )
    divisible = len(found.shape) == 4 and found.shape[0] == 1 and found.shape[1] % 5 == 0
    if not divisible or found.type != "float32" or found.size_bytes != 4 * np.prod(found.shape):
        raise VerificationFailed(
            f"its output is {found.type} {found.shape}, not planar float32 (1, 125, h, w)", _HINT
        )
    return headers


class _Worker:
    """One simulator process."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            child.command("dse.export.nncase_simulate", str(path)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child.environment(threads=1),
            start_new_session=True,
        )
        self._shape: tuple[int, ...] = ()

    def wait_ready(self, headers: Kmodel) -> None:
        """Until the file is loaded; its shapes must be those of `headers`."""
        shapes = json.loads(self._receive(START_LIMIT_S, b"r"))
        told = tuple(shapes["input"]), tuple(shapes["output"])
        if told != (headers.inputs[0].shape, headers.outputs[0].shape):
            raise VerificationFailed(f"the simulator finds tensors of shapes {told}", _HINT)
        self._shape = headers.outputs[0].shape[1:]

    def run(self, picture: NDArray[np.uint8], time_limit_s: float) -> NDArray[np.float32]:
        """The map (h, w, channels) of one planar picture."""
        content = picture.tobytes()
        try:
            self._pipe(self._process.stdin).write(FRAME.pack(b"p", len(content)) + content)
            self._pipe(self._process.stdin).flush()
        except OSError:
            raise self._failure() from None
        answer = self._receive(time_limit_s, b"d")
        if len(answer) != 4 * int(np.prod(self._shape)):
            raise VerificationFailed("the simulator returned a map of another size", _HINT)
        planar = np.frombuffer(answer, np.float32).reshape(self._shape)
        return planar.transpose(1, 2, 0)

    def close(self) -> None:
        """Ends the process at once: it holds nothing worth saving."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # unsent pixels of a process that is gone
                    pipe.close()

    def _receive(self, time_limit_s: float, kind: bytes) -> bytes:
        """The content of the next frame, which must be of `kind`."""
        deadline = time.monotonic() + time_limit_s
        found, size = FRAME.unpack(self._read(FRAME.size, deadline))
        content = self._read(size, deadline)
        if found != kind:
            said = content.decode(errors="replace")
            raise VerificationFailed(f"the simulator cannot run this kmodel: {said}", _HINT)
        return content

    def _read(self, size: int, deadline: float) -> bytes:
        pipe = self._pipe(self._process.stdout)
        content = bytearray()
        while len(content) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise VerificationFailed("the simulator took too long and was stopped", _HINT)
            part = os.read(pipe.fileno(), size - len(content))
            if not part:
                raise self._failure()
            content += part
        return bytes(content)

    def _failure(self) -> VerificationFailed:
        """The process is gone: says how."""
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return VerificationFailed(
            f"the simulator {child.death_of(self._process)} on this kmodel", _HINT
        )

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None, "the process was started with pipes"
        return pipe
