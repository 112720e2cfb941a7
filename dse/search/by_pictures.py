"""What a search leaves to its pictures: where to search, and how long to train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from dse.chips import chip, load_target
from dse.chips.trainable import check_judged
from dse.defaults import TARGET
from dse.detection.head import FACE_HEAD
from dse.search.request import SearchRequest
from dse.space import SearchSpace
from dse.study.provenance import classes_of
from dse.study.settings import SearchSettings

__all__ = ["settled", "space_for"]


def space_for(classes: tuple[str, ...], request: SearchRequest) -> str:
    """The space that was asked for, else the usual one of the target's chip for such classes."""
    if request.space:
        return request.space
    faces, others = chip(load_target(request.target or TARGET).chip).spaces
    return faces if classes == FACE_HEAD.classes else others


def settled(
    search: SearchSettings, request: SearchRequest, about: Mapping[str, Any]
) -> SearchSettings:
    """The settings of a new study, with what its pictures decide. about: as of `classes_of`.

    Raises NotSupported where no training could be judged, see `check_judged`.
    """
    classes = classes_of(about)
    space = space_for(classes, request)
    if search.replay is None:
        check_judged(chip(load_target(search.target).chip), SearchSpace.load(space).format)
    pictures = about["training_pictures"].get("pictures", 0)
    recipe = search.recipe.settled(pictures, are_faces=classes == FACE_HEAD.classes)
    return structs.replace(search, space=space, recipe=recipe)
