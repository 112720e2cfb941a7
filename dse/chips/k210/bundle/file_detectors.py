"""Detectors in files: a kmodel, as the chip runs it, and TensorFlow-Lite.

detector.json beside the file says how its boxes are scaled and which scores to believe.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dse.canvas import Canvas
from dse.chips.k210.bundle.older_files import EmulatedDetector, shaped, square_map
from dse.chips.k210.bundle.reading import (
    are_class_scores,
    head_of,
    is_score,
    made_by,
    most_bytes,
    read_table,
    shown,
)
from dse.chips.k210.compiler.refereed import refereed
from dse.chips.k210.compiler.simulator import RUNNABLE_VERSION
from dse.chips.k210.compiler.tflite_predictor import guarded_tflite_predictor
from dse.chips.k210.kmodel.kmodel import Kmodel, parse_kmodel
from dse.detection.detector import Detector, Say
from dse.detection.head import FACE_HEAD, Head
from dse.errors import DseError, FileError, InvalidFile, UsageError, VerificationFailed
from dse.files import printable, read_bytes
from dse.network.arrays import Predict
from dse.network.tflite_graph import parse_tflite

__all__ = ["KmodelDetector", "OlderKmodelDetector", "TfliteDetector", "kmodel_detector"]


@dataclass(frozen=True)
class Beside:
    """What lies beside a detector's file.

    box_scale: of its boxes. score, class_scores: to believe, as of `Detector`. nncase_version: of
    the compiler that made it, as of `refereed`. table: detector.json, empty where there is none.
    """

    box_scale: float = 1.0
    score: float | None = None
    nncase_version: str | None = None
    head: Head = FACE_HEAD
    table: dict[str, Any] = field(default_factory=dict)
    class_scores: tuple[float, ...] = ()


def kmodel_detector(path: Path, say: Say) -> Detector:
    """The kmodel of any version in the file `path`.

    Raises UsageError where it cannot be read, VerificationFailed where it is damaged or no
    detector, CompilerError for an operation of versions 3 and 4 that is not known.
    """
    content = _content(path)
    beside = _told_beside(path, say)
    headers = parse_kmodel(content)
    if headers.version == RUNNABLE_VERSION:
        return KmodelDetector(_name(path), content, beside, say)
    told = beside.table or square_map(content, beside.head)
    headers = shaped(headers, content, told)
    return OlderKmodelDetector(_name(path), content, headers, beside, say)


class KmodelDetector(Detector):
    """A kmodel of version 5: the emulator, or the simulator where the two differ."""

    def __init__(
        self,
        name: str,
        content: bytes,
        beside: Beside,
        say: Say,
    ) -> None:
        """Raises VerificationFailed for what is no kmodel, or of another version or network."""
        self.name, self.score, self.head = name, beside.score, beside.head
        self.class_scores = beside.class_scores
        self._content, self._scale, self._say = content, beside.box_scale, say
        self._nncase = beside.nncase_version
        with refereed(content, head=self.head, nncase_version=self._nncase) as predict:
            self.input_size = predict.input_size
            _require_detector(name, predict.map_shape[2], self.head)

    @contextmanager
    def running(self) -> Iterator[Predict]:
        """See `Detector`."""
        with refereed(
            self._content, box_scale=self._scale, head=self.head, nncase_version=self._nncase
        ) as predict:
            yield predict
        self._say(predict.how)


class OlderKmodelDetector(Detector):
    """A kmodel of version 3 or 4, for which no simulator can be had: the emulator."""

    def __init__(
        self,
        name: str,
        content: bytes,
        headers: Kmodel,
        beside: Beside,
        say: Say,
    ) -> None:
        """headers: as of `shaped`. Raises VerificationFailed for another network or a damaged
        file, CompilerError for an operation that is not known."""
        self.name, self.score, self.head, self._say = name, beside.score, beside.head, say
        self.class_scores = beside.class_scores
        _require_detector(name, headers.outputs[0].shape[1], self.head)
        self._run = EmulatedDetector(content, headers, beside.box_scale, self.head)
        self.input_size = self._run.input_size

    @contextmanager
    def running(self) -> Iterator[Predict]:
        """See `Detector`."""
        yield self._run
        self._say(
            f"{self._run.how}; its public sources, built for a PC, gave the same to the bit "
            "(docs/runtimes.md)"
        )


class TfliteDetector(Detector):
    """A float32 TensorFlow-Lite file, in TensorFlow's own interpreter, in processes of its own:
    the interpreter trusts its input, and a damaged file may kill it."""

    def __init__(self, path: Path, say: Say) -> None:
        """Raises UsageError where it cannot be read, VerificationFailed for another network."""
        self.name, self._say = _name(path), say
        self._content = _content(path)
        try:
            graph = parse_tflite(self._content, path)
        except InvalidFile as error:
            raise VerificationFailed(str(error), error.hint) from None
        beside = _told_beside(path, say)
        self._scale, self.score, self.head = beside.box_scale, beside.score, beside.head
        self.class_scores = beside.class_scores
        (height, width, channels), found = graph.input.shape, graph[graph.outputs[0]].shape
        if channels != 3:
            raise VerificationFailed(
                f"{self.name} reads {width}x{height} pixels of {channels} channels, "
                "not a picture in colour",
                "name a detector that dse exported",
            )
        self.input_size = Canvas(width, height).input_size
        _require_detector(self.name, found[2], self.head)
        self._shapes = (1, channels, height, width), (1, found[2], *found[:2])

    @contextmanager
    def running(self) -> Iterator[Predict]:
        """See `Detector`."""
        scale = self._scale
        with guarded_tflite_predictor(
            self._content, self._shapes, box_scale=scale, head=self.head
        ) as predict:
            yield predict
        self._say("TensorFlow-Lite's interpreter, float32")


def _require_detector(name: str, channels: int, head: Head) -> None:
    if channels != head.channels:
        raise VerificationFailed(
            f"{name} writes {channels} channels, not the {head.channels} of "
            + ("a face detector" if head == FACE_HEAD else "the head in detector.json"),
            "name a detector that dse exported, in its bundle",
        )


def _name(path: Path) -> str:
    """Exported files are all called alike: their folder says which one it is."""
    alike = path.stem == "model"
    return printable(f"{path.resolve().parent.name}/{path.name}" if alike else path.name)


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path, most_bytes(path.name))
    except FileError as error:
        hint = "name a .kmodel or .tflite file, or a bundle"
        raise UsageError(str(error), hint) from None


def _told_beside(path: Path, say: Say) -> Beside:
    """What the files beside `path` say of it. Raises DseError where they make no sense."""
    detector = path.with_name("detector.json")
    scale, version = made_by(path)
    if not detector.exists():
        say(f"no {detector.name} beside {path.name}: its boxes are taken as they are")
        return Beside(scale, None, version)
    table = read_table(detector)
    score, head = table.get("score_threshold"), head_of(table)
    if not is_score(score):
        raise DseError(
            f"detector.json: score_threshold is {shown(score)}, not a number from 0 to 1"
        )
    own = table.get("class_score_thresholds", [])
    if not are_class_scores(own, head):
        raise DseError(
            "detector.json: class_score_thresholds are not numbers from 0 to 1, one for each of "
            f"{len(head.classes)} classes"
        )
    return Beside(scale, float(score), version, head, table, tuple(own))
