"""What the files beside YOLO's labels say: names of classes and places of parts, from YAML, from
Darknet's `obj.data`, or from a list of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dse.data.foreign import content, excerpt, lines, whole_number
from dse.data.splits import PART_NAMES
from dse.data.tree import Tree
from dse.errors import DataError

__all__ = ["YoloSettings", "yolo_settings"]

YAML_FILES = ("data.yaml", "dataset.yaml", "data.yml")
"""Names by which a YAML file is surely meant, and must be sound; of others one with `names`
counts."""

NAME_FILES = ("classes.txt", "obj.names", "labels/classes.txt")
"""Where the names of the classes may be, one a line; else in any file that ends in .names."""

MOST_YAML_BYTES = 1 << 20
"""Names and numbers of the 21,841 classes of ImageNet take half as much."""

MOST_YAML_DEPTH = 20
"""Tables and lists in one another: names need two. The library goes one call deeper for each,
until the process dies."""

MOST_YAML_ALIASES = 100
"""Each may stand for all that came before it, so that nine of nine are a billion."""


@dataclass(frozen=True)
class YoloSettings:
    """names: of the classes by number; source: the file that tells them, "" if none does.

    parts: where pictures of a part are, as the file says it, by the part's name.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    source: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)


def yolo_settings(tree: Tree) -> YoloSettings:
    """Of the first file that says something. Raises DataError for one that must be understood
    and cannot be."""
    for path in (name for name in YAML_FILES if name in tree.files or name in tree.folders):
        return _of_yaml(tree.folder, path)
    for path in sorted(tree.ending(".yaml", ".yml"), key=lambda path: path.count("/")):
        try:
            found = _of_yaml(tree.folder, path)
        except DataError:  # somebody else's settings
            continue
        if found.names:
            return found
    darknet = _of_darknet(tree)
    names = [name for name in NAME_FILES if name in tree.files or name in tree.folders]
    names += [*tree.ending(".names"), *(one for one in tree.files if one.endswith("/classes.txt"))]
    for path in filter(None, (darknet.source, *names)):
        rows = (line.strip() for line in lines(tree.folder / path))
        return YoloSettings(dict(enumerate(row for row in rows if row)), path, darknet.parts)
    return darknet


def _of_darknet(tree: Tree) -> YoloSettings:
    """From a file of lines such as `train = data/train.txt`; `source`: its list of names."""
    for path in tree.ending(".data"):
        rows = [line.partition("=") for line in lines(tree.folder / path)]
        table = {key.strip(): value.strip() for key, equals, value in rows if equals}
        if "train" in table or "names" in table:
            parts = {name: table[name] for name in PART_NAMES if table.get(name)}
            return YoloSettings({}, tree.locate(table.get("names", "")) or "", parts)
    return YoloSettings()


def _of_yaml(folder: Path, path: str) -> YoloSettings:
    import yaml  # type: ignore[import-untyped]

    text = content(folder / path, MOST_YAML_BYTES)
    # the loader that makes nothing but text, lists and tables: no tag, no merged table, no
    # number of a million digits. In C where the library was built with it
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        _require_plain(yaml.parse(text, Loader=loader), yaml)
        whole = yaml.load(text, Loader=loader)
        table = whole if isinstance(whole, dict) else {}
        return YoloSettings(_numbered(table.get("names", [])), path, _places(table))
    except (yaml.YAMLError, ValueError) as error:
        hint = "write 'names: [face]', or remove the file"
        why = excerpt(" ".join(str(error).split()), 300)
        raise DataError(f"{folder / path}: cannot be understood ({why})", hint) from error


def _places(table: Mapping[Any, Any]) -> dict[str, str]:
    """What the file says of parts, where that is one place."""
    places = {}
    for name in PART_NAMES:
        told = table.get(name)
        one = told[0] if isinstance(told, list) and len(told) == 1 else told
        if isinstance(one, str) and one:
            places[name] = one
    return places


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
        numbered[number] = name.strip()
    return numbered
