"""Folders as people write them, each with one oddity: every labelled object is found.

Every folder has twenty pictures of 160 x 120 with one object at x 40..80, y 30..90.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dse.data import DataSet, open_data
from dse.errors import DataError

Write = Callable[..., Path]
Build = Callable[[Path, Write], None]

COUNT = 20
LINE = "0 0.375 0.5 0.25 0.5\n"
SIZE = "<size><width>160</width><height>120</height><depth>3</depth></size>"
BOX = (41, 31, 80, 90)


def xml(name: str, *, size: str = SIZE, head: str = "", box: tuple[object, ...] = BOX) -> str:
    tags = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    corners = "".join(f"<{tag}>{value}</{tag}>" for tag, value in tags)
    thing = f"<object><name>cone</name><bndbox>{corners}</bndbox></object>"
    return f"{head}<annotation><filename>{name}</filename>{size}{thing}</annotation>"


def voc(
    pictures: str = "JPEGImages/{}.jpg",
    labels: str = "Annotations/{}.xml",
    text: Callable[[str], str] = lambda stem: xml(f"{stem}.jpg"),
    encoding: str = "utf-8",
    stem: str = "p{:02d}",
    **picture: object,
) -> Build:
    def build(folder: Path, write: Write) -> None:
        for number in range(COUNT):
            name = stem.format(number)
            write(folder / pictures.format(name), (160, 120), **picture)
            path = folder / labels.format(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text(name).encode(encoding))

    return build


def listed(line: str, stem: str = "p{:02d}", encoding: str = "utf-8", end: str = "\n") -> Build:
    def build(folder: Path, write: Write) -> None:
        voc(stem=stem)(folder, write)
        main = folder / "ImageSets" / "Main"
        main.mkdir(parents=True)
        names = [line.format(stem.format(number)) for number in range(COUNT)]
        for part, some in (("train", names[:16]), ("val", names[16:18]), ("test", names[18:])):
            (main / f"{part}.txt").write_bytes(end.join(some).encode(encoding))

    return build


def yolo(
    pictures: str = "images/{}.jpg",
    labels: str = "labels/{}.txt",
    text: str = LINE,
    encoding: str = "utf-8",
    **files: str,
) -> Build:
    def build(folder: Path, write: Write) -> None:
        for number in range(COUNT):
            write(folder / pictures.format(f"p{number:02d}"), (160, 120))
            path = folder / labels.format(f"p{number:02d}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode(encoding))
        for name, content in files.items():
            place = folder / name.replace("__", "/").replace("_dot_", ".")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)

    return build


def rows(form: str, *numbers: int) -> str:
    return "\n".join(form.format(f"p{number:02d}") for number in numbers)


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


CHINESE = '<?xml version="1.0" encoding="gb2312"?>'
NAMED = {"data_dot_yaml": "names: [cone]\n"}
DARKNET = {
    "obj_dot_names": "cone\n",
    "obj_dot_data": "classes=1\ntrain=/home/x/train.txt\nvalid=val.txt\nnames=data/obj.names\n",
    "train_dot_txt": rows("data/obj/{}.jpg", *range(16)),
    "val_dot_txt": rows("data/obj/{}.jpg", 16, 17),
    "test_dot_txt": rows("data/obj/{}.jpg", 18, 19),
}

FOLDERS: dict[str, Build] = {
    "voc": voc(),
    "voc JPG on the disk, jpg in the XML": voc(pictures="JPEGImages/{}.JPG"),
    "voc .XML": voc(labels="Annotations/{}.XML"),
    "voc size 0": voc(text=lambda s: xml(s, size=SIZE.replace("160", "0").replace("120", "0"))),
    "voc without size": voc(text=lambda s: xml(s, size="")),
    "voc at twice the size": voc(
        text=lambda s: xml(s, size=SIZE.replace("160", "320").replace("120", "240"),
                           box=(81, 61, 160, 180))
    ),
    "voc corners exchanged": voc(text=lambda s: xml(s, box=(80, 90, 41, 31))),
    "voc floats": voc(text=lambda s: xml(s, box=("41.0", "31.0", "80.00", "9e1"))),
    "voc BOM and CRLF": voc(text=lambda s: "\ufeff" + xml(s).replace("><", ">\r\n<")),
    "voc GB2312": voc(text=lambda s: xml(f"锥{s}.jpg", head=CHINESE), encoding="gb2312"),
    "voc GBK undeclared": voc(text=lambda s: xml(f"锥{s}.jpg"), encoding="gbk"),
    "voc beside the pictures": voc("{}.jpg", "{}.xml"),
    "voc beside, in images": voc("images/{}.jpg", "images/{}.xml"),
    "voc annots": voc("images/{}.jpg", "annots/{}.xml"),
    "voc annotations/xmls": voc("images/{}.jpg", "annotations/xmls/{}.xml"),
    "maix_train": voc("images/cone/{}.jpg", "xml/cone/{}.xml"),
    "aXeleRate": voc("imgs/{}.jpg", "anns/{}.xml"),
    "voc lists with endings": listed("{}.jpg"),
    "voc lists of names with spaces": listed("{}", "my cone {:02d}"),
    "voc lists with flags": listed("{}  1", "my cone {:02d}"),
    "voc lists with BOM and CRLF": listed("{}", encoding="utf-8-sig", end="\r\n"),
    "yolo": yolo(**NAMED),
    "yolo in train": yolo("train/images/{}.jpg", "train/labels/{}.txt", **NAMED),
    "yolo train2017": yolo("images/train2017/{}.jpg", "labels/train2017/{}.txt", **NAMED),
    "yolo upper case": yolo("Images/{}.JPG", "Labels/{}.TXT", **NAMED),
    "yolo flat": yolo("{}.jpg", "{}.txt", classes_dot_txt="cone\n"),
    "yolo apart": yolo("photos/{}.jpg", "labels/{}.txt", **NAMED),
    "yolo any.yaml": yolo(cones_dot_yml="names:\n  0: cone\n"),
    "yolo outline": yolo(text="0 0.25 0.25 0.5 0.25 0.5 0.75 0.25 0.75\n", **NAMED),
    "yolo with scores": yolo(text="0 0.375 0.5 0.25 0.5 0.9\n", **NAMED),
    "yolo UTF-16": yolo(encoding="utf-16", **NAMED),
    "yolo BOM": yolo(text=LINE.replace("\n", "\r\n"), encoding="utf-8-sig", **NAMED),
    "darknet": yolo("data/obj/{}.jpg", "data/obj/{}.txt", **DARKNET),
    "lists from Windows": yolo(train_dot_txt=rows("images\\{}.jpg", *range(20)), **NAMED),
    "lists of another machine": yolo(
        train_dot_txt=rows("/home/x/set/images/{}.jpg", *range(20)), **NAMED
    ),
}  # fmt: skip


def opened(folder: Path) -> list[DataSet]:
    return [open_data(str(folder), split) for split in ("train", "val", "eval")]


@pytest.mark.parametrize("kind", FOLDERS)
def test_every_object_is_found(kind: str, tmp_path: Path, write_picture: Write) -> None:
    FOLDERS[kind](tmp_path, write_picture)
    data = opened(tmp_path)
    assert [one.classes for one in data] == [("cone",)] * 3
    assert [one.skipped for one in data] == [()] * 3
    pictures = {picture.name: picture for one in data for picture in one.pictures}
    assert len(pictures) == sum(map(len, data)) == COUNT
    for picture in pictures.values():
        np.testing.assert_allclose(picture.boxes, [[40, 30, 80, 90]], atol=1e-3)
        assert picture.load().shape == (120, 160, 3)


def test_photographs_held_upright(tmp_path: Path, write_picture: Write) -> None:
    voc(exif=_turned())(tmp_path, write_picture)
    data = opened(tmp_path)
    assert sum(map(len, data)) == COUNT
    for picture in data[0].pictures:
        assert picture.load().shape == (160, 120, 3)
        np.testing.assert_array_equal(picture.boxes, [[30, 40, 90, 80]])
    assert any("turned by their camera's note" in note for note in data[0].notes)


def test_a_text_file_of_another_case_is_its_pictures(tmp_path: Path, write_picture: Write) -> None:
    yolo(**NAMED)(tmp_path, write_picture)
    for path in (tmp_path / "labels").iterdir():
        path.rename(path.with_name(path.name.upper()))
    assert sum(one.faces for one in opened(tmp_path)) == COUNT


def test_missing_text_files_are_counted(tmp_path: Path, write_picture: Write) -> None:
    yolo(**NAMED)(tmp_path, write_picture)
    for number in range(5):
        (tmp_path / f"labels/p{number:02d}.txt").unlink()
    train = open_data(str(tmp_path), "train")
    assert "5 of 20 pictures have no text file: without objects" in train.notes


def test_boxes_in_pixels_are_recognised(tmp_path: Path, write_picture: Write) -> None:
    yolo(text="0 60 60 40 60\n", **NAMED)(tmp_path, write_picture)
    with pytest.raises(DataError, match="a box is given in pixels, not as fractions") as caught:
        open_data(str(tmp_path), "train")
    assert "divide x and w by the picture's width" in caught.value.hint


def test_a_part_by_two_names_is_one(tmp_path: Path, write_picture: Write) -> None:
    text = "names: [cone]\ntrain: images\nval: images\n"
    yolo(data_dot_yaml=text)(tmp_path, write_picture)
    data = opened(tmp_path)
    assert "'val' has the pictures of 'train': left out" in data[0].notes
    assert sum(map(len, data)) == COUNT


def test_names_of_classes_are_fit_to_be_shown(tmp_path: Path, write_picture: Write) -> None:
    yolo()(tmp_path, write_picture)
    (tmp_path / "classes.txt").write_bytes(b"\x1b[2Jcaf\xe9" + b"x" * 10_000 + b"\n")
    data = open_data(str(tmp_path), "train")
    (name,) = data.classes
    assert name.isprintable() and len(name) < 100
    assert data.faces == len(data) and len(data.checksum) == 16
