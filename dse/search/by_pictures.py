"""What a search leaves to its pictures: where to search, and how long to train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from dse.defaults import OTHERS_SPACE, SPACE
from dse.detection.head import FACE_HEAD
from dse.search.request import SearchRequest
from dse.study.provenance import classes_of
from dse.study.settings import SearchSettings

__all__ = ["settled", "space_for"]


def space_for(classes: tuple[str, ...], request: SearchRequest) -> str:
    """The space that was asked for, else the usual one for such classes."""
    usual = SPACE if classes == FACE_HEAD.classes else OTHERS_SPACE
    return request.space or usual


def settled(
    search: SearchSettings, request: SearchRequest, about: Mapping[str, Any]
) -> SearchSettings:
    """The settings of a new study, with what its pictures decide. about: as of `classes_of`."""
    classes = classes_of(about)
    pictures = about["training_pictures"].get("pictures", 0)
    recipe = search.recipe.settled(pictures, are_faces=classes == FACE_HEAD.classes)
    return structs.replace(search, space=space_for(classes, request), recipe=recipe)
