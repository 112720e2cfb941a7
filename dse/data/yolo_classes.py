"""Which class numbers of a YOLO folder mean a face: from its YAML, or its list of names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dse.data.face_classes import face_classes
from dse.data.foreign import content, excerpt, is_there, lines, whole_number
from dse.errors import DataError

__all__ = ["face_ids"]

YAML_FILES = ("data.yaml", "dataset.yaml", "data.yml")
NAME_FILES = ("classes.txt", "obj.names", "labels/classes.txt")
"""Where the names of the classes may be; the first that is there counts."""

MOST_YAML_BYTES = 1 << 20
"""Names and numbers of the 21,841 classes of ImageNet take half as much."""

MOST_YAML_DEPTH = 20
"""Tables and lists in one another: names need two. The library goes one call deeper for each,
until the process dies."""

MOST_YAML_ALIASES = 100
"""Each may stand for all that came before it, so that nine of nine are a billion."""


def face_ids(source: str, folder: Path) -> frozenset[int] | None:
    """Numbers of the classes that are faces; None if no file names the classes.

    Raises DataError for a file that cannot be understood, or of whose classes none is a face.
    """
    names = _class_names(folder)
    if not names:
        return None
    faces = face_classes(source, set(names.values()))
    return frozenset(number for number, name in names.items() if name in faces)


def _class_names(folder: Path) -> dict[int, str]:
    for path in (folder / name for name in YAML_FILES):
        if is_there(path):
            return _yaml_names(path)
    for path in (folder / name for name in NAME_FILES):
        if is_there(path):
            return dict(enumerate(line.strip() for line in lines(path) if line.strip()))
    return {}


def _yaml_names(path: Path) -> dict[int, str]:
    import yaml  # type: ignore[import-untyped]

    text = content(path, MOST_YAML_BYTES)
    # the loader that makes nothing but text, lists and tables: no tag, no merged table, no
    # number of a million digits. In C where the library was built with it
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        _require_plain(yaml.parse(text, Loader=loader), yaml)
        whole = yaml.load(text, Loader=loader)
        return _numbered(whole.get("names", []) if isinstance(whole, dict) else [])
    except (yaml.YAMLError, ValueError) as error:
        hint = "write 'names: [face]', or remove the file"
        why = excerpt(" ".join(str(error).split()), 300)
        raise DataError(f"{path}: cannot be understood ({why})", hint) from error


def _require_plain(events: Iterable[Any], yaml: Any) -> None:
    """Raises ValueError where a document, not yet built, would grow too deep or too large."""
    depth = aliases = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if depth > MOST_YAML_DEPTH:
            raise ValueError(f"more than {MOST_YAML_DEPTH} lists in one another")
        if aliases > MOST_YAML_ALIASES:
            raise ValueError(f"more than {MOST_YAML_ALIASES} aliases")


def _numbered(names: object) -> dict[int, str]:
    """Names by number, from a list or from a table of both. Raises ValueError."""
    if isinstance(names, list):
        names = {str(number): name for number, name in enumerate(names)}
    if not isinstance(names, dict):
        raise ValueError("'names' is neither a list nor a table")
    numbered: dict[int, str] = {}
    for key, name in names.items():
        number = whole_number(key) if isinstance(key, str) else None
        if number is None:
            raise ValueError("'names' has a key that is no number")
        if not isinstance(name, str):  # not to be quoted: aliases would unfold
            raise ValueError(f"'names' has no text for {number}")
        numbered[number] = name
    return numbered
