"""XML that others wrote: read, or refused in words."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.data.voc_annotation import Annotation, Thing, read_annotation
from dse.errors import DataError

SOUND = """<annotation><filename> a.jpg </filename>
<size><width>60</width><height>40</height></size>
<object><name>face</name><difficult>1</difficult>
<bndbox><xmin>11</xmin><ymin>6</ymin><xmax>30</xmax><ymax>25.5</ymax></bndbox></object>
</annotation>"""

ENTITIES = ['<!ENTITY a "ha">'] + [
    "<!ENTITY {} '{}'>".format(this, f"&{one};" * 10)
    for one, this in zip("abcdefghi", "bcdefghij", strict=True)
]
LAUGHS = f"<!DOCTYPE a [{''.join(ENTITIES)}]><annotation><filename>&j;</filename></annotation>"


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "a.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_sound_one(tmp_path: Path) -> None:
    thing = Thing("face", (10, 5, 30, 25.5), True)
    expected = Annotation("a.jpg", (60, 40), (thing,))
    assert read_annotation(_file(tmp_path, SOUND)) == expected
    utf16 = f'<?xml version="1.0" encoding="utf-16"?>{SOUND}'.encode("utf-16")
    assert read_annotation(_file(tmp_path, utf16)) == expected


def test_what_is_not_told(tmp_path: Path) -> None:
    assert read_annotation(_file(tmp_path, "<annotation/>")) == Annotation("", None, ())


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        '<!DOCTYPE a [<!ENTITY x SYSTEM "/etc/hostname">]><a><filename>&x;</filename></a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><annotation/>',
        "<!DOCTYPE annotation><annotation/>".encode("utf-16"),
    ],
    ids=["billion laughs", "other file", "other machine", "utf-16"],
)
def test_a_document_type_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(DataError, match=r"a\.xml: malformed XML \(a document type"):
        read_annotation(_file(tmp_path, text))


@pytest.mark.parametrize("encoding", ["hex", "rot13", "nonsense", "utf-7", "idna", "undefined"])
def test_encodings_that_are_none(tmp_path: Path, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><annotation/>'
    with pytest.raises(DataError, match=r"a\.xml(:1)?: malformed XML"):
        read_annotation(_file(tmp_path, text))


@pytest.mark.parametrize("text", ["nan", "infinity", "1e308", "1e400", "9" * 5000, "", "x\n" * 99])
def test_numbers_that_are_none(tmp_path: Path, text: str) -> None:
    for told in ("<xmin>11<", "<width>60<"):
        path = _file(tmp_path, SOUND.replace(told, f"{told[:-3]}{text}<"))
        with pytest.raises(DataError, match="expected a number in <") as caught:
            read_annotation(path)
        assert str(caught.value).removeprefix(str(path)).isprintable()
        assert len(str(caught.value)) < 400


def test_a_deep_one_is_read(tmp_path: Path) -> None:
    deep = f"<annotation>{'<a>' * 40_000}{'</a>' * 40_000}</annotation>"
    assert read_annotation(_file(tmp_path, deep)) == Annotation("", None, ())


def test_what_is_no_file_or_too_large(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.xml")
    with pytest.raises(DataError, match="not a regular file"):
        read_annotation(tmp_path / "pipe.xml")
    os.truncate(_file(tmp_path, SOUND), 200 << 20)
    with pytest.raises(DataError, match="larger than 1 MiB"):
        read_annotation(tmp_path / "a.xml")


@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=6))
@settings(max_examples=80, deadline=None)
def test_damage_anywhere_gives_an_annotation_or_a_data_error(
    damage: list[tuple[int, int]],
) -> None:
    text = bytearray(SOUND.encode())
    for place, value in damage:
        text[place] = value
    with tempfile.TemporaryDirectory() as folder:
        path = _file(Path(folder), bytes(text))
        try:
            read_annotation(path)
        except DataError as error:
            assert str(path) in str(error)
