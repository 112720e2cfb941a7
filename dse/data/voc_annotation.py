"""One annotation file of Pascal VOC: XML without a document type, its numbers checked."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from dse.data.foreign import MOST_LABEL_BYTES, UTF16_MARKS, content, excerpt, number
from dse.errors import DataError

__all__ = ["Annotation", "Thing", "read_annotation"]

DECLARED = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?encoding=["']([\w.-]+)["']""")

EAST_ASIAN = {
    b"gb2312": "gb18030",
    b"gbk": "gb18030",
    b"gb18030": "gb18030",
    b"big5": "big5",
    b"shift_jis": "cp932",
    b"euc-jp": "euc_jp",
    b"euc-kr": "cp949",
}
"""Encodings with several bytes a letter, which the XML library refuses, and Python's name of the
largest one of each family."""


@dataclass(frozen=True)
class Thing:
    """One labelled object. box: x0, y0, x1, y1 in pixels from 0, the last ones outside."""

    name: str
    box: tuple[float, float, float, float]
    difficult: bool


@dataclass(frozen=True)
class Annotation:
    """filename: of the picture, as told, "" if not. size: its width and height as told, (0, 0)
    where that is nothing sensible, None where it is not told."""

    filename: str
    size: tuple[int, int] | None
    things: tuple[Thing, ...]


def read_annotation(path: Path) -> Annotation:
    """The annotation in a file. Raises DataError for one that cannot be read or understood."""
    root = _root(path)
    if root.tag != "annotation":
        raise DataError(f"{path}: no annotation of VOC (it begins with <{excerpt(root.tag)}>)")
    width, height = (_number(path, root, f"size/{side}", "0") for side in ("width", "height"))
    things = (_thing(path, index, one) for index, one in enumerate(root.iter("object"), start=1))
    size = None if root.find("size") is None else _size(width, height)
    return Annotation(root.findtext("filename", "").strip(), size, tuple(things))


def _size(width: float, height: float) -> tuple[int, int]:
    return (round(width), round(height)) if width >= 1 and height >= 1 else (0, 0)


class _Tree(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Without a document type there are no entities: none outside the file, and none that
        unfold to gigabytes. No tool writes one into an annotation."""
        raise DataError("malformed XML (a document type, which no annotation has)")


def _root(path: Path) -> ElementTree.Element:
    text = _decoded(content(path, MOST_LABEL_BYTES))
    try:
        return ElementTree.XML(text, ElementTree.XMLParser(target=_Tree()))
    except ElementTree.ParseError as error:
        line, reason = error.position[0], str(error).partition(":")[0]
        raise DataError(f"{path}:{line}: malformed XML ({reason})") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except (LookupError, ValueError) as error:  # of encodings that are none
        raise DataError(f"{path}: malformed XML ({excerpt(error)})") from error


def _decoded(whole: bytes) -> str | bytes:
    """The text, where the XML library would not know how: of East Asian encodings, declared or
    not, and of Latin ones that nothing declares."""
    found = DECLARED.match(whole)
    declared = found[1].lower() if found else b"utf-8"
    if declared in EAST_ASIAN:
        return whole.decode(EAST_ASIAN[declared], "replace")
    if declared == b"utf-8" and not whole.startswith(UTF16_MARKS):
        for encoding in ("utf-8-sig", "gb18030", "latin-1"):
            with contextlib.suppress(UnicodeDecodeError):
                return whole.decode(encoding)
    return whole


def _thing(path: Path, index: int, element: ElementTree.Element) -> Thing:
    where = f"object {index}: "
    x0, y0, x1, y1 = (
        _number(path, element, f"bndbox/{side}", "", where)
        for side in ("xmin", "ymin", "xmax", "ymax")
    )
    (x0, x1), (y0, y1) = sorted((x0, x1)), sorted((y0, y1))  # some tools keep how it was drawn
    is_difficult = element.findtext("difficult", "0").strip() == "1"
    name = element.findtext("name", "").strip()
    return Thing(name, (x0 - 1, y0 - 1, x1, y1), is_difficult)


def _number(
    path: Path, element: ElementTree.Element, tag: str, default: str, where: str = ""
) -> float:
    text = element.findtext(tag, default)
    value = number(text)
    if value is None:
        raise DataError(f"{path}: {where}expected a number in <{tag}>, found '{excerpt(text)}'")
    return value
