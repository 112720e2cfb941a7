"""What a head's name says: how many boxes, coded how, and how many channels for n classes."""

from __future__ import annotations

import pytest

from dse.detection.head import FACE_HEAD
from dse.detection.heads import DEFAULT_HEAD, FACE_HEADS, HEADS, Heads, channels_of, head_named
from dse.detection.region_head import RegionHead
from dse.errors import StudyError

FIVE = tuple((10.0 * side, 12.0 * side) for side in range(1, 6))


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("classes", [("face",), ("a", "b", "c")])
def test_channels_are_known_before_the_anchors(name: str, classes: tuple[str, ...]) -> None:
    anchors = tuple((float(side), 9.0) for side in range(1, HEADS[name].boxes + 1))
    head = head_named(name, classes, anchors)
    assert head.channels == channels_of(name, len(classes))
    assert head.classes == classes


def test_the_channels_that_stand_in_the_papers() -> None:
    assert channels_of(DEFAULT_HEAD, 1) == 125  # Narduzzi et al., section III
    assert channels_of("r5", 1) == 30 and channels_of("r5", 20) == 125  # YOLOv2 on VOC
    assert channels_of("b9", 3) == 9 * 7


def test_a_study_of_faces_has_the_usual_head() -> None:
    assert FACE_HEADS.head(DEFAULT_HEAD, 224) == FACE_HEAD


def test_each_input_size_has_its_own_anchors() -> None:
    heads = Heads(("cat",), (("r5", "256", FIVE), ("r5", "320x240", FIVE[::-1])))
    wide = heads.head("r5", "320x240")
    assert isinstance(wide, RegionHead) and wide.anchors == FIVE[::-1]
    assert heads.head("r5", 256).anchors == FIVE


def test_anchors_that_the_study_lacks_are_said() -> None:
    for name, size in (("r5", 128), ("b9", 256)):
        with pytest.raises(StudyError, match="anchors of its own"):
            Heads(("cat",), (("r5", "256", FIVE),)).head(name, size)
    with pytest.raises(StudyError, match="anchors"):
        head_named("b3", ("cat",), FIVE)
