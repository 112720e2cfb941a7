"""Writes a WIDER FACE folder anew, with the labels of all its sources in one style.

    python -m tools.reconcile --data wider:DIR --design P5-a1-256 --weights FILE.npz \\
        [--styles-only | --incomplete EVENT ...] --out NEW_DIR

How, and what becomes of faces that nobody labelled: see `label_styles`. A source is a WIDER
"event", the first folder of a picture's name; EVENT names those that leave faces out. Styles
are measured on the training part and hold for both. The best gauge of styles is a detector
trained on one source alone, the best finder of missing faces one trained on all: so go twice,
first --styles-only, then over the result with the better detector. NEW_DIR is in WIDER FACE's
layout (see `dse.data.wider`); its pictures are links to those of DIR. Prints a line a source.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dse.data import DataSet, Picture, open_data
from dse.detection.decoding import IOU_THRESHOLD, MAX_BOXES, decode_maps
from dse.detection.detections import Detections
from dse.detection.suppression import suppress
from dse.errors import DataError, DseError, UnknownName, UsageError
from dse.evaluation.evaluate import chunks
from dse.evaluation.prepared import Prepared, prepare
from dse.files import make_folder, write_whole
from dse.network.arrays import Predict, Weights
from dse.network.detector import detector_graph
from dse.network.graph import Graph
from dse.network.keras_inference import predictor
from dse.network.keras_model import build, set_weights
from dse.network.weights_file import read_weights
from dse.space import Training
from tools.label_styles import Seen, Styles, event, reconciled, styles

__all__ = ["detected", "main", "write_wider"]

INVALID = {False: "0 0 0 0 0 0", True: "0 0 0 1 0 0"}
"""WIDER's columns behind the box, without and with the mark of a face that does not count."""


def detected(predict: Predict, input_size: int, data: DataSet) -> Iterator[Seen]:
    """Every readable picture of `data` with what `predict` finds in it or its mirror image."""
    for pictures in chunks(data):
        prepared = prepare(pictures, input_size)
        unread = {one.name for one in prepared.skipped}
        readable = (picture for picture in pictures if picture.name not in unread)
        found = _both_ways(predict, prepared)
        geometry = (prepared.scales, prepared.widths, prepared.heights)
        for picture, one, scale, width, height in zip(readable, found, *geometry, strict=True):
            on_picture = one.on_picture(scale, height, width)
            yield Seen(picture, on_picture, float(scale), (int(width), int(height)))


def _both_ways(predict: Predict, prepared: Prepared) -> Iterator[Detections]:
    """Detections in the canvases of `prepared` and in their mirror images, canvas pixels."""
    size = prepared.input_size
    mirrored = np.ascontiguousarray(prepared.canvases[:, :, ::-1])
    as_is, turned = (decode_maps(predict(some), size) for some in (prepared.canvases, mirrored))
    for one, other in zip(as_is, turned, strict=True):
        back = other.boxes[:, [2, 1, 0, 3]]
        back[:, [0, 2]] = mirrored.shape[2] - back[:, [0, 2]]
        both = Detections.joined((one, Detections(back, other.scores)))
        yield suppress(both, IOU_THRESHOLD, MAX_BOXES)


def write_wider(folder: Path, pictures: Path, parts: Mapping[str, Sequence[Picture]]) -> None:
    """A data set in WIDER FACE's layout, boxes to a tenth of a pixel.

    pictures: the data set whose WIDER_<part> folders are linked. parts: part -> pictures.
    """
    make_folder(folder / "wider_face_split")
    for part, labelled in parts.items():
        (folder / f"WIDER_{part}").symlink_to((pictures / f"WIDER_{part}").resolve())
        text = "".join(line + "\n" for picture in labelled for line in _lines(picture))
        listing = folder / "wider_face_split" / f"wider_face_{part}_bbx_gt.txt"
        write_whole(listing, text)


def _lines(picture: Picture) -> Iterator[str]:
    yield picture.name
    yield str(len(picture.boxes) + len(picture.ignored))
    for boxes, is_ignored in ((picture.boxes, False), (picture.ignored, True)):
        for x0, y0, x1, y1 in np.round(boxes.astype(np.float64), 1):
            yield f"{x0:.1f} {y0:.1f} {x1 - x0:.1f} {y1 - y0:.1f} {INVALID[is_ignored]}"
    if not len(picture.boxes) + len(picture.ignored):
        yield f"0 0 0 0 {INVALID[False]}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: see the module's docstring. Raises a DseError where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", required=True, metavar="wider:DIR")
    parser.add_argument("--design", type=Training.parse, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--styles-only", action="store_true", help="add no faces")
    parser.add_argument("--incomplete", nargs="+", default=[], metavar="EVENT")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    folder = _wider_folder(options.data)
    if options.out.exists() and not (options.out.is_dir() and not any(options.out.iterdir())):
        raise DataError(f"{options.out} is not empty", "--out names a new folder")
    data = {"train": open_data(options.data, "train"), "val": open_data(options.data, "val")}
    sources = {event(picture) for part in data.values() for picture in part.pictures}
    for name in sorted(set(options.incomplete) - sources):
        raise UnknownName("event", name, sources)
    graph = detector_graph(options.design)
    predict = predictor(graph, _weights(options.weights, graph))
    size = graph.input.shape[0]
    seen = {part: list(detected(predict, size, pictures)) for part, pictures in data.items()}
    drawn = styles(seen["train"])
    new = {
        part: [
            reconciled(one, drawn, options.incomplete, additions=not options.styles_only)
            for one in pictures
        ]
        for part, pictures in seen.items()
    }
    write_wider(options.out, folder, new)
    pairs = [pair for part in data for pair in zip(seen[part], new[part], strict=True)]
    print("\n".join(_table(pairs, drawn)))


def _wider_folder(spec: str) -> Path:
    kind, _, folder = spec.partition(":")
    if kind != "wider" or not folder:
        hint = "--data wider:DIR: only WIDER FACE's layout tells which source a picture is from"
        raise UsageError(f"'{spec}' cannot be reconciled", hint)
    return Path(folder).expanduser()


def _weights(path: Path, graph: Graph) -> Weights:
    """The weights in a file. Raises WeightsError where they are none, or not those of `graph`."""
    weights = read_weights(path, "--weights names an .npz file that a training wrote")
    set_weights(build(graph), weights)  # for its checks of names and shapes
    return weights


def _table(pairs: Sequence[tuple[Seen, Picture]], drawn: Styles) -> Iterator[str]:
    """A line a source: labelled faces, the median offset of its training part, what was added."""
    yield (
        f"{'source':<24}{'faces':>7}{'matched':>9}{'dx':>8}{'dy':>8}{'log w':>8}{'log h':>8}"
        f"{'+faces':>8}{'+ignored':>10}"
    )
    for source in sorted({seen.source for seen, _ in pairs}):
        mine = [(seen.picture, new) for seen, new in pairs if seen.source == source]
        faces = sum(len(old.boxes) for old, _ in mine)
        added = sum(len(new.boxes) - len(old.boxes) for old, new in mine)
        ignored = sum(len(new.ignored) - len(old.ignored) for old, new in mine)
        median = drawn.medians.get(source)
        shown = "kept as it is".rjust(32) if median is None else _signed(median)
        matches = drawn.matches.get(source, 0)
        yield f"{source:<24}{faces:>7}{matches:>9}{shown}{added:>8}{ignored:>10}"
    yield f"{'mean of the medians':<40}{_signed(drawn.mean)}"


def _signed(offset: NDArray[np.float64]) -> str:
    return "".join(f"{value:>+8.3f}" for value in offset)


if __name__ == "__main__":
    try:
        main()
    except DseError as error:
        sys.exit(f"{error}\n{error.hint}")
