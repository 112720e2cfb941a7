"""The heads that a design may have, by the name that stands in its id.

"25": Tiny Face's canonical boxes, n + 4 channels each (Narduzzi et al., arXiv 2208.11011).
"b3" to "b12": so many boxes clustered from the training labels, coded alike.
"r5": YOLOv2's region layer with five anchors, as the firmwares of boards decode it.

How many channels a map has follows from the name and the number of classes alone, so that a
design is priced before anybody has looked at a picture; the anchors come with the pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dse.detection.canonical_boxes import canonical_boxes
from dse.detection.head import FACE_HEAD, Anchors, Head
from dse.detection.region_head import RegionHead
from dse.errors import StudyError

__all__ = [
    "DEFAULT_HEAD",
    "FACE_HEADS",
    "HEADS",
    "MOST_CLASSES",
    "HeadKind",
    "Heads",
    "channels_of",
    "head_named",
    "is_called",
]

DEFAULT_HEAD = "25"
"""It is in no id: studies were made before there were others."""


@dataclass(frozen=True)
class HeadKind:
    """boxes: anchors of every cell. kind: how they are coded. is_clustered: its anchors are
    made from the training labels."""

    boxes: int
    kind: type[Head] = Head
    is_clustered: bool = True


HEADS: Mapping[str, HeadKind] = MappingProxyType(
    {
        DEFAULT_HEAD: HeadKind(len(FACE_HEAD.anchors), is_clustered=False),
        **{f"b{count}": HeadKind(count) for count in (3, 5, 9, 12)},
        "r5": HeadKind(5, RegionHead),
    }
)
"""By name, the usual one first."""


@dataclass(frozen=True)
class Heads:
    """What the heads of a study look for: its classes, and the anchors that were clustered for it.

    clustered: name of a head, an input size as ids spell it, and the anchors made for the two.
    """

    classes: tuple[str, ...] = FACE_HEAD.classes
    clustered: tuple[tuple[str, str, Anchors], ...] = ()

    def head(self, name: str, input_size: object) -> Head:
        """The head `name` at that input size. Raises StudyError where it was not clustered."""
        known = {(head, size): anchors for head, size, anchors in self.clustered}
        return head_named(name, self.classes, known.get((name, str(input_size))))


MOST_CLASSES = 199
"""The last layer has a channel for each class and each of its boxes: five boxes are
5 x (5 + 199) = 1,020 channels, and small accelerators write about a thousand."""

FACE_HEADS = Heads()
"""Of studies of faces that cluster nothing."""


def channels_of(name: str, classes: int) -> int:
    """Channels of the map of the head `name` for so many classes."""
    kind = HEADS[name]
    return kind.boxes * kind.kind.numbers_for(classes)


def is_called(name: str, head: Head) -> bool:
    """Whether designs whose ids name the head `name` have heads like `head`."""
    kind = HEADS[name]
    alike = type(head) is kind.kind and len(head.anchors) == kind.boxes
    return alike and (kind.is_clustered or head.anchors == canonical_boxes())


def head_named(name: str, classes: tuple[str, ...], anchors: Anchors | None = None) -> Head:
    """The head `name` for these classes.

    anchors: those that were clustered for it. Raises StudyError where they are missing, or are not
    as many as the name says.
    """
    kind = HEADS[name]
    chosen = anchors if kind.is_clustered else canonical_boxes()
    if chosen is None or len(chosen) != kind.boxes:
        raise StudyError(
            f"the head '{name}' has {kind.boxes} anchors of its own, which the study does not hold",
            "start a new study: they are clustered from its training pictures",
        )
    return kind.kind(chosen, classes)
