"""Activations in front of the trained layers, computed once and shared by all workers.

Frozen layers answer the same to the same view in every epoch and for every candidate with the
same width, input size and lambda. Their answers are written to memory-mapped files, in half
precision: workers on a machine share the pages, and a training starts at its first trained
layer. Interrupted work goes on at the last finished chunk.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from dse.data.pictures import Classes
from dse.detection.geometry import Boxes
from dse.errors import FileError, StudyError
from dse.file_lock import only_one
from dse.files import make_folder, whole_file, write_whole
from dse.network.arrays import Weights, normalised
from dse.network.graph import Graph
from dse.network.keras_model import build, get_weights, set_weights
from dse.training.augmentation import View
from dse.training.views import ViewSet

__all__ = ["Features", "are_worth_storing", "frozen_features", "weights_id"]

LEAST_SHARE = 0.1
"""Of a network's work: what takes less is done anew, and so may be its pictures' views."""

CHUNK = 64
"""Views computed between two records of progress."""

Mapped = np.memmap[Any, np.dtype[np.float16]]

Prefix = Callable[[NDArray[np.float32]], Any]
"""Pictures (n, h, w, 3) in [-1, 1] to the activations of one layer, or a list of them."""

Labels = list[tuple[Boxes, Boxes, Classes]]
"""Per view: boxes (k, 4) and ignored boxes (m, 4), canvas pixels, and the boxes' classes (k,)."""


@dataclass(frozen=True)
class Features:
    """tensors: one float16 array (views, h, w, c) for each layer of the boundary, memory-mapped.

    labels: the boxes of every view.
    """

    tensors: tuple[NDArray[np.float16], ...]
    labels: Labels


def are_worth_storing(graph: Graph, frozen: frozenset[str]) -> bool:
    """Whether the layers `frozen` do enough of the work for their answers to be kept."""
    work = sum(graph.macs_of(graph[name]) for name in frozen)
    return work >= LEAST_SHARE * graph.macs


def frozen_features(
    graph: Graph, boundary: tuple[str, ...], weights: Weights, views: ViewSet, cache: Path
) -> Features:
    """Activations of the layers `boundary` on every view, from `cache` where they lie there.

    One process computes them while others wait. Raises StudyError when the disk is full.
    """
    prefix, of_weights = _prefix(graph, boundary, weights)
    key = f"{boundary}|{of_weights}|{views.key}"
    folder = cache / "features" / hashlib.sha256(key.encode()).hexdigest()[:20]
    try:
        make_folder(folder)
        with only_one(folder / "lock"):
            if not (folder / "done").exists():
                _compute(prefix, graph, boundary, views, folder)
                (folder / "done").touch()
    except (OSError, FileError) as error:
        needed = sum(np.prod(graph[name].shape) for name in boundary) * 2 * len(views)
        raise StudyError(
            f"features cannot be kept: {error}",
            f"free {max(1, needed / 1e6):.0f} MB there, or name another folder in DSE_CACHE",
        ) from error
    tensors = tuple(
        np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in boundary
    )
    return Features(tensors, _load_labels(folder))


def _prefix(graph: Graph, boundary: tuple[str, ...], weights: Weights) -> tuple[Prefix, str]:
    """What makes features of pictures, and a checksum of its weights."""
    if boundary == (graph.input.name,):
        return lambda pictures: pictures, ""
    prefix = build(graph, targets=boundary)
    set_weights(prefix, weights)
    return prefix.predict_on_batch, weights_id(get_weights(prefix))


def weights_id(weights: Weights) -> str:
    """A short checksum of names and values."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(weights[name], "<f4").tobytes())
    return digest.hexdigest()[:16]


def _compute(
    prefix: Prefix, graph: Graph, boundary: tuple[str, ...], views: ViewSet, folder: Path
) -> None:
    """Runs `prefix` over all views, chunk by chunk, from where the folder's progress stands."""
    files = [_open(folder / f"{name}.npy", (len(views), *graph[name].shape)) for name in boundary]
    progress = folder / "progress.json"
    labels: Labels = []
    if progress.exists():
        labels = _load_labels(folder)[: json.loads(progress.read_text())["views"]]
    stream = _stream(views, len(labels))
    while chunk := list(islice(stream, CHUNK)):
        answers = prefix(normalised(np.stack([view.canvas for view in chunk])))
        for file, answer in zip(files, _as_list(answers), strict=True):
            file[len(labels) : len(labels) + len(chunk)] = answer
        labels += [(view.boxes, view.ignored, view.classes) for view in chunk]
        if len(labels) % (CHUNK * 8) == 0 or len(labels) == len(views):
            for file in files:
                file.flush()
            _save_labels(folder, labels)
            write_whole(progress, json.dumps({"views": len(labels)}))


def _stream(views: ViewSet, start: int) -> Iterator[View]:
    return views.iterate(start)


def _as_list(answers: object) -> list[NDArray[np.float32]]:
    return [np.asarray(a) for a in (answers if isinstance(answers, list) else [answers])]


def _open(path: Path, shape: tuple[int, ...]) -> Mapped:
    """The array file at `path`: as it was left, or new. Its size is taken from the disk at once,
    so that a full disk is an error here and not a crash on a mapped page."""
    if path.exists():
        with contextlib.suppress(ValueError):
            found: Mapped = np.load(path, mmap_mode="r+", allow_pickle=False)
            if found.shape == shape:
                return found
    made: Mapped = open_memmap(  # type: ignore[no-untyped-call]
        path, mode="w+", dtype=np.float16, shape=shape
    )
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return made


def _save_labels(folder: Path, labels: Labels) -> None:
    boxes, ignored, classes = zip(*labels, strict=True) if labels else ((), (), ())
    empty = np.zeros((0, 4), np.float32)
    with whole_file(folder / "faces.npz") as file:
        np.savez(
            file,
            boxes=np.concatenate([empty, *boxes]),
            box_counts=np.array([len(b) for b in boxes], np.int32),
            ignored=np.concatenate([empty, *ignored]),
            ignored_counts=np.array([len(b) for b in ignored], np.int32),
            classes=np.concatenate([np.zeros(0, np.int32), *classes]),
        )


def _load_labels(folder: Path) -> Labels:
    with np.load(folder / "faces.npz", allow_pickle=False) as stored:
        ends = np.cumsum(stored["box_counts"])[:-1]
        boxes = np.split(stored["boxes"], ends)
        every = stored["classes"] if "classes" in stored else np.zeros(len(stored["boxes"]))
        classes = np.split(every.astype(np.int32), ends)
        ignored = np.split(stored["ignored"], np.cumsum(stored["ignored_counts"])[:-1])
        count = len(stored["box_counts"])
    return list(zip(boxes[:count], ignored[:count], classes[:count], strict=True))
