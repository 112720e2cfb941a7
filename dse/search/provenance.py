"""What made a study: written into study.toml first, and checked before a study goes on."""

from __future__ import annotations

import platform
import secrets
import socket
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dse.cost import Target
from dse.errors import StudyError
from dse.search.options import SearchOptions
from dse.space import AXES, SearchSpace
from dse.training.recipe import Recipe

__all__ = [
    "SHARED",
    "check_unchanged",
    "differing",
    "make_settings",
    "shared_settings",
    "space_from",
    "target_from",
]

PACKAGES = (
    "dse", "tensorflow-cpu", "jax", "keras", "ray", "optuna", "numpy", "nncase", "Pillow", "scipy",
)  # fmt: skip

SHARED = (
    "training_pictures", "validation_pictures", "evaluation_pictures", "starting_weights",
)  # fmt: skip
"""Parts of study.toml that, with the recipe, decide what a training comes to."""

OF_ONE_DRIVER = ("created", "command", "shared")
PLACES = ("data", "eval_data", "weights_dir", "space", "target", "replay")
"""Keys of study.toml, and of its table `search`, in which the drivers of a study may differ: what
lies in a place is described in a table of its own."""

TOLD_LATER = {"nncase_version": "1.9.0.20230322", "kmodel_loader": ""}
"""Keys of a target that older studies lack, and what was so when they were made."""


def make_settings(
    options: SearchOptions, space: SearchSpace, target: Target, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Contents of study.toml.

    options: with their defaults set. about: what the workshop tells of pictures and weights.
    """
    return {
        "created": datetime.now(tz=timezone.utc).isoformat(timespec="seconds"),
        "command": _command(options),
        "search": options.study_table(),
        **about,
        "space": asdict(space),
        "target": asdict(target),
        "versions": versions(),
        **({"shared": _shared(options.storage)} if options.storage else {}),
    }


def shared_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What of study.toml has to be the same for all drivers of a study: all but who began it
    when, and where on its machine the files lie, whose checksums tell what they are."""
    found = {key: value for key, value in settings.items() if key not in OF_ONE_DRIVER}
    found["search"] = {k: v for k, v in settings["search"].items() if k not in PLACES}
    found["versions"] = {k: v for k, v in settings["versions"].items() if k != "python"}
    for part, table in settings.items():
        if isinstance(table, dict) and "source" in table:
            found[part] = {**table, "source": table["source"].partition(":")[0]}
    return found


def target_from(table: Mapping[str, Any]) -> Target:
    """The target that `make_settings` described. Raises StudyError if it lacks a constant."""
    whole = {**TOLD_LATER, **table}
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in whole.items()}
    try:
        return Target(**values)
    except TypeError as error:
        raise StudyError(
            f"the study's target was written by another version of dse: {error}",
            "use the version in study.toml, or start a new study",
        ) from None


def space_from(table: Mapping[str, Any]) -> SearchSpace:
    """The space that `make_settings` described."""
    only = tuple(table.get("only", ()))
    return SearchSpace(table["name"], **{axis: tuple(table[axis]) for axis in AXES}, only=only)


def check_unchanged(settings: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Raises StudyError when the pictures are no longer those of the study."""
    for part, table in about.items():
        before = settings.get(part, {}).get("checksum")
        if before is not None and table.get("checksum") != before:
            raise StudyError(
                f"the {part} are not those the study was made with",
                "put them back, or start a new study",
            )


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What makes the trainings of two studies unlike, by its name in study.toml; "" for nothing.

    one, other: the settings of each, or the head of a recorded table. Pictures are compared by
    their checksums: a folder may have moved.
    """
    if _recipe(one) != _recipe(other):
        return "recipe"
    for part in SHARED:
        before, after = one.get(part, {}), other.get(part, {})
        key = "checksum" if "checksum" in before else "source"
        if before.get(key) != after.get(key):
            return part
    return ""


def _recipe(settings: Mapping[str, Any]) -> Recipe:
    return Recipe(**settings.get("search", settings)["recipe"])


def _command(options: SearchOptions) -> str:
    """The command line, without the password of a database."""
    line = " ".join(options.command)
    if options.storage is None:
        return line
    return line.replace(options.storage, _without_password(options.storage))


def _shared(url: str) -> dict[str, str]:
    """Which database, and this driver's name in it."""
    return {
        "storage": _without_password(url),
        "driver": f"{socket.gethostname()}-{secrets.token_hex(4)}",
    }


def _without_password(url: str) -> str:
    from dse.search.shared_journal import without_password

    return without_password(url)


def versions() -> dict[str, str]:
    """Python's version and that of every package that can change a result."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
