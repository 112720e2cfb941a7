"""Sound inputs that fuzzing starts from: made here, or taken from what the repository ships.

A seed is the content of a folder: path below it -> the file's bytes.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dse import resources
from dse.network.graph import Graph, Layer

__all__ = [
    "bundle",
    "data_folders",
    "encoded",
    "foreign",
    "headers",
    "journals",
    "kmodels",
    "logs",
    "networks",
    "old_kmodels",
    "pictures",
    "profiles",
    "replay_tables",
    "spaces",
    "study",
    "weights",
]

Files = dict[str, bytes]

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "results" / "reference"
BUNDLE = REFERENCE / "bundles" / "P8-a0.5-128"
SIZE = 40, 32
"""Width and height of a seed's pictures, pixels."""

KINDS = {
    ".jpg": {}, ".png": {}, ".gif": {"format": "GIF"}, ".tif": {"compression": "tiff_lzw"},
    ".webp": {}, ".bmp": {}, ".ppm": {},
}  # fmt: skip

POSTSCRIPT = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 32\n(fuzzed) (w) file closefile\n%%EOF\n"
)
FOREIGN = ("EPS", "PDF", "ICO", "TGA", "PCX", "SGI", "DDS", "IM", "XBM", "JPEG2000")
"""Formats of Pillow that no camera and no labelling tool writes."""


@functools.cache
def encoded(kind: str, **options: Any) -> bytes:
    """A picture of `SIZE` with a gradient, in the format `kind` of Pillow."""
    width, height = SIZE
    values = np.arange(width * height * 3, dtype=np.uint32).reshape(height, width, 3) * 7 % 256
    file = io.BytesIO()
    picture = Image.fromarray(values.astype(np.uint8)).convert(options.pop("mode", "RGB"))
    picture.save(file, kind, **options)
    return file.getvalue()


@functools.cache
def foreign() -> tuple[bytes, ...]:
    """One file in each of `FOREIGN`, and a PostScript program that opens a file."""
    modes = {"XBM": "1"}
    return (POSTSCRIPT, *(encoded(kind, mode=modes.get(kind, "RGB")) for kind in FOREIGN))


@functools.cache
def pictures() -> tuple[Files, ...]:
    """A folder with one picture: every format, and what is special in some."""
    turned = Image.Exif()
    turned[0x0112] = 6
    moving = [Image.new("P", SIZE, colour) for colour in (1, 2, 3)]
    animated = io.BytesIO()
    moving[0].save(animated, "GIF", save_all=True, append_images=moving[1:])
    found = [
        (".jpg", encoded("JPEG")),
        (".jpg", encoded("JPEG", exif=turned.tobytes(), progressive=True)),
        (".jpg", encoded("JPEG", mode="CMYK")),
        (".png", encoded("PNG")),
        (".png", encoded("PNG", mode="L", transparency=3)),
        (".png", encoded("PNG", mode="P", transparency=b"\0\x7f")),
        (".gif", animated.getvalue()),
        (".tif", encoded("TIFF")),
        (".tiff", encoded("TIFF", compression="tiff_adobe_deflate")),
        (".tif", encoded("TIFF", compression="jpeg")),
        (".tif", encoded("TIFF", mode="F")),
        (".webp", encoded("WEBP")),
        (".webp", encoded("WEBP", lossless=True, mode="RGBA")),
        (".bmp", encoded("BMP")),
        (".bmp", encoded("BMP", mode="1")),
        (".ppm", encoded("PPM")),
        (".ppm", b"P3 2 2 255 " + b"1 2 3 " * 4),
    ]
    return tuple({f"picture{suffix}": content} for suffix, content in found)


def _named(folder: str, stem: str, number: int) -> tuple[str, bytes]:
    """A picture in one of the formats, as number `number` of a data set."""
    suffix = list(KINDS)[number % len(KINDS)]
    kind = {".jpg": "JPEG", ".tif": "TIFF"}.get(suffix, suffix[1:].upper())
    return f"{folder}/{stem}{number}{suffix}", encoded(kind)


@functools.cache
def data_folders(kind: str) -> tuple[Files, ...]:
    """Small data sets of a kind, in some of its arrangements; every part has three pictures."""
    makers = {"wider": _wider, "fddb": _fddb, "yolo": _yolo, "voc": _voc, "coco": _coco}
    return makers[kind]()


def _wider() -> tuple[Files, ...]:
    files: Files = {}
    for part in ("train", "val"):
        lines = []
        for number in range(3):
            path, content = _named(f"WIDER_{part}/images/0--Parade", "p", number)
            files[path] = content
            lines += [f"0--Parade/{Path(path).name}", "2", "4 5 12 14 0 0 0 0 0 0"]
            lines += ["20 3 9 11 0 0 0 1 0 0"]
        path, files[f"WIDER_{part}/images/1--None/b.jpg"] = "", encoded("JPEG")
        lines += ["1--None/b.jpg", "0", "0 0 0 0 0 0 0 0 0 0"]
        files[f"wider_face_split/wider_face_{part}_bbx_gt.txt"] = "\n".join(lines).encode()
    return (files,)


def _fddb() -> tuple[Files, ...]:
    files: Files = {}
    for fold in (1, 2):
        lines = []
        for number in range(2):
            name = f"2002/07/19/big/img_{fold}{number}"
            files[f"originalPics/{name}.jpg"] = encoded("JPEG")
            lines += [name, "1", "9.5 7.25 1.57 20.5 15.75  1"]
        files[f"FDDB-folds/FDDB-fold-0{fold}-ellipseList.txt"] = "\n".join(lines).encode()
    return (files,)


def _yolo() -> tuple[Files, ...]:
    parts: Files = {"data.yaml": b"path: .\nnc: 2\nnames:\n  0: face\n  1: mask\n"}
    lists: Files = {"classes.txt": b"face\nmask\n"}
    plain: Files = {"data.yaml": b"names: [face]\n"}
    for part in ("train", "val"):
        for number in range(3):
            label = b"0 0.5 0.5 0.3 0.4\n1 0.2 0.3 0.25 0.25\n"
            path, content = _named(f"images/{part}", "p", number)
            stem = Path(path).stem
            parts |= {path: content, f"labels/{part}/{stem}.txt": label}
            path, content = _named("images", part, number)
            stem = Path(path).stem
            lists |= {path: content, f"labels/{stem}.txt": label}
            plain |= {path: content, f"labels/{stem}.txt": b"0 0.5 0.5 0.5 0.5\n"}
            listed = lists.get(f"{part}.txt", b"")
            lists[f"{part}.txt"] = listed + f"{path}\n".encode()
    return parts, lists, plain


def _coco() -> tuple[Files, ...]:
    official: Files = {}
    beside: Files = {}
    for part in ("train", "val"):
        images, objects = [], []
        for number in range(3):
            path, content = _named(part, "p", number)
            official[f"{part}2017/{Path(path).name}"] = beside[path] = content
            images.append({"id": number, "file_name": Path(path).name, "width": 40, "height": 32})
            for category, box in ((1, [4, 5, 12, 14]), (2, [16.5, 3, 9, 11])):
                crowd = {"iscrowd": number % 2, "segmentation": [[1, 2, 3, 4]]}
                place = {"image_id": number, "category_id": category, "bbox": box}
                objects.append(place | crowd)
        names = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog", "supercategory": "animal"}]
        told = {"images": images, "annotations": objects, "categories": names}
        official[f"annotations/instances_{part}2017.json"] = json.dumps(told).encode()
        beside[f"{part}/_annotations.coco.json"] = json.dumps(told).encode()
    return official, beside


def _voc() -> tuple[Files, ...]:
    official: Files = {}
    beside: Files = {}
    for part in ("train", "val"):
        names = []
        for number in range(3):
            path, content = _named("VOC2007/JPEGImages", part, number)
            name = Path(path).name
            names.append(Path(path).stem)
            official |= {path: content, f"VOC2007/Annotations/{names[-1]}.xml": _xml(name)}
            beside |= {f"{part}/{name}": content, f"{part}/{names[-1]}.xml": _xml(name)}
        official[f"VOC2007/ImageSets/Main/{part}.txt"] = "\n".join(names).encode()
    return official, beside


def _xml(picture: str) -> bytes:
    width, height = SIZE
    return (
        f"<annotation><filename>{picture}</filename><size><width>{width}</width>"
        f"<height>{height}</height><depth>3</depth></size><object><name>face</name>"
        "<difficult>0</difficult><bndbox><xmin>4</xmin><ymin>5</ymin><xmax>20</xmax>"
        "<ymax>22</ymax></bndbox></object><object><name>cat</name><bndbox><xmin>1</xmin>"
        "<ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>\n"
    ).encode()


@functools.cache
def spaces() -> tuple[Files, ...]:
    """A folder with space.toml, for each space that is shipped."""
    found = sorted(resources.folder("search_spaces").glob("*.toml"))
    return tuple({"space.toml": path.read_bytes()} for path in found)


@functools.cache
def profiles() -> tuple[Files, ...]:
    """A folder with target.toml, for each profile that is shipped."""
    found = sorted(resources.folder("constraints").glob("*.toml"))
    return tuple({"target.toml": path.read_bytes()} for path in found)


@functools.cache
def study() -> tuple[Files, ...]:
    """The reference study with the candidates of its trainings and some rejected ones."""
    files = {name: (REFERENCE / name).read_bytes() for name in ("study.toml", "journal.log")}
    rows = (REFERENCE / "candidates.csv").read_text(encoding="utf-8").splitlines()
    trained = {path.name for path in (REFERENCE / "trainings").iterdir()}
    few = [row for row in csv.reader(rows[1:]) if row[1] in trained or row[0].startswith("A98-a1")]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([rows[0].split(","), *few])
    files["candidates.csv"] = text.getvalue().encode()
    path = sorted((REFERENCE / "trainings").glob("*/precision_recall_kpu8.csv"))[0]
    files[f"trainings/{path.parent.name}/{path.name}"] = path.read_bytes()
    return ({f"reference/{name}": content for name, content in files.items()},)


@functools.cache
def journals() -> tuple[Files, ...]:
    """The journal of the reference study."""
    return ({"journal.log": (REFERENCE / "journal.log").read_bytes()},)


@functools.cache
def replay_tables() -> tuple[Files, ...]:
    """The first trainings of the shipped table."""
    lines = (ROOT / "results" / "recorded" / "k210.jsonl").read_bytes().splitlines(keepends=True)
    return ({"table.jsonl": b"".join(lines[:6])},)


@functools.cache
def weights() -> tuple[Files, ...]:
    """Archives as `dse.network.weights_file` writes them, and a packed one."""
    arrays = {
        "conv_1/kernel": np.arange(27 * 4, dtype=np.float32).reshape(3, 3, 3, 4),
        "conv_1/bias": np.zeros(4, np.float16),
        "empty": np.zeros((0, 3), np.float32),
    }
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    return tuple({"weights.npz": _npz(arrays, method)} for method in methods)


def _npz(arrays: dict[str, Any], method: int) -> bytes:
    """As `numpy.savez` writes it, but for the hour."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)  # type: ignore[no-untyped-call]
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), method)
    return written.getvalue()


@functools.cache
def networks() -> tuple[Files, ...]:
    """Small TensorFlow-Lite files: of our own writer, with every layer it knows."""
    from dse.chips.k210.compiler.tflite import random_tflite

    layers = (
        Layer("input", "input", (), (16, 16, 3)),
        Layer("a", "conv", ("input",), (8, 8, 8), 3, 2, (0, 1, 0, 1), "relu6", bias=True),
        Layer("b", "depthwise", ("a",), (8, 8, 8), 3, 1, (1,) * 4, "relu", bias=True),
        Layer("c", "conv", ("b",), (8, 8, 8), bias=True),
        Layer("d", "add", ("a", "c"), (8, 8, 8)),
        Layer("e", "maxpool", ("d",), (4, 4, 8), 2, 2),
        Layer("f", "upsample", ("e",), (8, 8, 8), stride=2),
        Layer("g", "concat", ("d", "f"), (8, 8, 16)),
        Layer("h", "conv", ("g",), (8, 8, 5), activation="sigmoid", bias=True),
    )
    return ({"network.tflite": random_tflite(Graph("seed", layers, ("h",)), seed=0)},)


@functools.cache
def bundle() -> tuple[Files, ...]:
    """The smallest bundle of the reference study."""
    return ({path.name: path.read_bytes() for path in sorted(BUNDLE.iterdir())},)


@functools.cache
def kmodels() -> tuple[Files, ...]:
    """The kmodel of that bundle."""
    return ({"model.kmodel": (BUNDLE / "model.kmodel").read_bytes()},)


@functools.cache
def headers() -> tuple[Files, ...]:
    """That kmodel, and files of the versions 3 and 4 that are little more than headers."""
    version_4 = struct.pack("<4s9I", b"LDMK", 4, 0, 1, 8, 1000, 1, 1, 1, 0)
    version_4 += struct.pack("<4I4I4I", 0, 1, 0, 48, 1, 3, 4, 4, 0, 0, 48, 80) + bytes(8)
    version_4 += struct.pack("<2I", 10, 16) + bytes(16)
    version_3 = struct.pack("<4s6I", b"LDMK", 3, 0, 1, 0, 1000, 1)
    version_3 += struct.pack("<2I2I", 0, 80, 10, 16) + bytes(16)
    return (*kmodels(), {"model.kmodel": version_4}, {"model.kmodel": version_3})


@functools.cache
def old_kmodels() -> tuple[Files, ...]:
    """Kmodels of versions 3 and 4: the public ones beside the repository, if they are there, and
    two of a few operations on six numbers: quantized and back, and multiplied."""
    folder = Path(os.environ.get("DSE_PUBLIC_KMODELS", ROOT.parent / "shared/k210/kmodels"))
    public = [path.read_bytes() for path in sorted(folder.glob("*.kmodel"))]
    return tuple({"old.kmodel": one} for one in (*public, _version_4(), _version_3()))


def _version_4() -> bytes:
    """Quantize and dequantize."""
    numbers, levels, again = (1, 0, 0, 24), (1, 1, 24, 6), (1, 0, 32, 24)
    header = struct.pack("<4s9I", b"LDMK", 4, 0, 1, 0, 56, 2, 1, 1, 0)
    header += struct.pack("<12I", *numbers, 1, 1, 2, 3, *again)
    bodies = struct.pack("<8Iif", *numbers, *levels, 128, 20.0)
    bodies += struct.pack("<8Iif", *levels, *again, 128, 20.0)
    return header + struct.pack("<4I", 6, 40, 3, 40) + bodies


def _version_3() -> bytes:
    """Fully connected, and a softmax."""
    weights = struct.pack("<42f", *(0.1 * (i % 7) for i in range(42)))
    bodies = struct.pack("<6I", 0, 0, 24, 6, 6, 1) + weights + struct.pack("<4I", 0, 24, 48, 6)
    heads = struct.pack("<4I", 18, 192, 15, 16)
    return struct.pack("<7I2I", 3, 1, 0, 2, 0, 72, 1, 48, 24) + heads + bodies


@functools.cache
def logs() -> tuple[Files, ...]:
    """What boards print (docs/calibrate.md), as text, CSV and JSON lines."""
    network = "network=P8-a1-256 runtime=1.9 kpu_mhz=400 cpu_mhz=400"
    whole = f"{network}\nframe=1 run_ms=7.071\nframe=2 run_ms=7.064\nrun kmodel takes 7.05 ms.\n"
    kinds = f"{network}\n|tensor_call    |1.7    |88.1    |\n|tensor_dequantize |0.5 |9|\n|total\n"
    older = f"{network.replace('1.9', '0.2')}\nDMA upload took 328 us\nKPUConv2D: 0.514000ms\n"
    table = b"".join(
        (resources.folder("constraints") / "k210_times.csv").open("rb").readlines()[:8]
    )
    rows = [{"network": "P8-a0.5-128", "ms": 2.5}, {"network": "A63-a0.35-96", "ms": 14}]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    texts = (whole, kinds, older, "network,ms\nP8-a1-256,7.1\nP5-a1-256,6.4\n", lines)
    return ({"board.log": table}, *({"board.log": text.encode()} for text in texts))
