"""What made a study: written into study.toml first, and checked before a study goes on."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from dse.chips import Target, chip
from dse.detection.heads import FACE_HEADS, Heads
from dse.errors import StudyError
from dse.space import SearchSpace
from dse.study.settings import PICTURES, SearchSettings, StudySettings, TableHead
from dse.versions import versions

__all__ = [
    "SHARED",
    "check_unchanged",
    "classes_of",
    "differing",
    "first_difference",
    "make_settings",
    "shared_settings",
]

PACKAGES = (
    "dse", "tensorflow-cpu", "jax", "keras", "ray", "optuna", "numpy", "Pillow", "scipy",
)  # fmt: skip

SHARED = (*PICTURES, "starting_weights")
"""Parts of study.toml that, with the recipe, decide what a training comes to."""

OF_ONE_DRIVER = ("created", "command", "shared")
PLACES = ("data", "eval_data", "weights_dir", "space", "target", "replay")
"""Keys of study.toml, and of its table `search`, in which the drivers of a study may differ: what
lies in a place is described in a table of its own."""


def make_settings(
    search: SearchSettings,
    space: SearchSpace,
    target: Target,
    about: Mapping[str, Any],
    heads: Heads = FACE_HEADS,
    *,
    command: Sequence[str] = (),
    storage: str | None = None,
) -> StudySettings:
    """Contents of study.toml.

    about: what the training backend tells of pictures and weights. heads: what was clustered for
    them. command: the command line.
    storage: URL of the database that holds the record, where that is not in the folder.
    """
    table = {
        "created": datetime.now(tz=timezone.utc).isoformat(timespec="seconds"),
        "command": _command(command, storage),
        "search": search.as_table(),
        **about,
        "space": asdict(space),
        "target": asdict(target),
        "versions": versions((*PACKAGES, *chip(target.chip).packages)),
        **({"anchors": _anchors(heads)} if heads.clustered else {}),
        **({"shared": _shared(storage)} if storage else {}),
    }
    return StudySettings.of(table, Path("study.toml"))


def shared_settings(settings: StudySettings) -> dict[str, Any]:
    """What of study.toml has to be the same for all drivers of a study: all but who began it
    when, and where on its machine the files lie, whose checksums tell what they are."""
    table = settings.table
    found = {key: value for key, value in table.items() if key not in OF_ONE_DRIVER}
    found["search"] = {k: v for k, v in table["search"].items() if k not in PLACES}
    found["versions"] = {k: v for k, v in settings.versions.items() if k != "python"}
    for part in SHARED:
        kind = getattr(settings, part).source.partition(":")[0]
        found[part] = {**table[part], "source": kind}
    return found


def classes_of(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of what is on the training pictures. about: tables as study.toml has them."""
    return tuple(about.get("training_pictures", {}).get("classes", FACE_HEADS.classes))


def check_unchanged(settings: StudySettings, about: Mapping[str, Any]) -> None:
    """Raises StudyError when the pictures are no longer those of the study."""
    for part in PICTURES:
        before = getattr(settings, part).checksum
        if before and about[part].get("checksum") != before:
            raise StudyError(
                f"the {part} are not those the study was made with",
                "put them back, or start a new study",
            )


def differing(one: StudySettings | TableHead, other: StudySettings | TableHead) -> str:
    """What makes the trainings of two studies, or recorded tables, unlike, by its name in
    study.toml; "" for nothing.

    Pictures are compared by their checksums: a folder may have moved.
    """
    unlike = [p for p in SHARED if getattr(one, p).identity != getattr(other, p).identity]
    return "recipe" if one.recipe != other.recipe else unlike[0] if unlike else ""


def first_difference(theirs: Any, mine: Any, name: str = "") -> str:
    """Where two trees of settings differ first, in words; empty where they do not."""
    if isinstance(theirs, dict) and isinstance(mine, dict):
        for key in sorted({*theirs, *mine}):
            found = first_difference(theirs.get(key), mine.get(key), f"{name}.{key}".lstrip("."))
            if found:
                return found
        return ""
    return "" if theirs == mine else f"{name} = {theirs}, not {mine}"


def _anchors(heads: Heads) -> dict[str, dict[str, Any]]:
    """By head, then by input size."""
    table: dict[str, dict[str, Any]] = {}
    for head, size, anchors in heads.clustered:
        table.setdefault(head, {})[size] = anchors
    return table


def _command(command: Sequence[str], storage: str | None) -> str:
    """The command line, without the password of a database."""
    line = " ".join(command)
    return line if storage is None else line.replace(storage, _without_password(storage))


def _shared(url: str) -> dict[str, str]:
    """Which database, and this driver's name in it."""
    return {
        "storage": _without_password(url),
        "driver": f"{socket.gethostname()}-{secrets.token_hex(4)}",
    }


def _without_password(url: str) -> str:
    from dse.study.database import without_password

    return without_password(url)
