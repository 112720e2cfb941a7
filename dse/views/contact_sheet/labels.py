"""A sheet of pictures with their labels: each class has a colour, and its name stands by."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dse.data.loading import load_all
from dse.data.pictures import DataSet, Picture
from dse.views.contact_sheet.heading import draw_heading, heading_height
from dse.views.contact_sheet.layout import arrange
from dse.views.contact_sheet.lettering import draw_text, place_text, text_size
from dse.views.contact_sheet.marks import CLASS_COLOURS, EDGE, LEFT_OUT, Corners, Mark, draw_box
from dse.views.contact_sheet.sheet import GAP, MARGIN, PAPER, ROW_HEIGHT, WIDTH, Sheet
from dse.views.contact_sheet.thumbnail import corners_of

__all__ = ["class_mark", "labels_sheet", "write_labels"]

LETTERS, MOST_IN_LEGEND = 12, 8


def class_mark(number: int) -> Mark:
    """The line of a class's boxes."""
    again, place = divmod(number, len(CLASS_COLOURS))
    colour = CLASS_COLOURS[place]
    return Mark(colour, 2, dash=9, space=3 * again) if again else Mark(colour, 2)


def write_labels(data: DataSet, wanted: Sheet) -> None:
    """Draws `labels_sheet` into the file that is wanted, whole or not at all."""
    wanted.save(labels_sheet(data, wanted))


def labels_sheet(data: DataSet, wanted: Sheet) -> Image.Image:
    """Pictures of `data`, drawn at random, with their boxes; equal arguments, equal pixels.

    Raises DataError where none can be read.
    """
    order = np.random.default_rng(wanted.seed).permutation(len(data))[: wanted.pictures]
    chosen = DataSet(data.source, tuple(data.pictures[n] for n in sorted(order)))
    loaded = list(load_all(chosen))
    ratios = [pixels.shape[1] / pixels.shape[0] for _, pixels in loaded]
    tiles = arrange(ratios, WIDTH - 2 * MARGIN, ROW_HEIGHT, GAP)
    top = heading_height() + 2 * MARGIN
    sheet = Image.new("RGB", (WIDTH, top + tiles[-1].bottom + MARGIN), PAPER)
    title = f"{data.source}: {len(data):,} pictures, {data.faces:,} boxes"
    caption = f"{len(loaded)} of them, drawn at random (seed {wanted.seed})"
    place, width = (MARGIN, MARGIN), WIDTH - 2 * MARGIN
    draw_heading(ImageDraw.Draw(sheet), place, width, (title, caption), _legend(data))
    for (picture, pixels), tile in zip(loaded, tiles, strict=True):
        size = (tile.right - tile.left, tile.bottom - tile.top)
        drawn = _labelled(picture, pixels, size, data.classes)
        sheet.paste(drawn, (MARGIN + tile.left, top + tile.top))
    return sheet


def _legend(data: DataSet) -> list[tuple[Mark, str]]:
    counts = Counter(int(one) for picture in data.pictures for one in picture.classes)
    shown = counts.most_common(MOST_IN_LEGEND)
    legend = [(class_mark(one), f"{data.classes[one]} {count:,}") for one, count in shown]
    if any(len(picture.ignored) for picture in data.pictures):
        legend.append((LEFT_OUT, "counts neither way"))
    return legend


def _labelled(
    picture: Picture, pixels: NDArray[np.uint8], size: tuple[int, int], names: tuple[str, ...]
) -> Image.Image:
    """The picture at `size` (width, height) with its boxes and, where there is room, names."""
    image = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(image)
    stretch = np.tile([size[0] / pixels.shape[1], size[1] / pixels.shape[0]], 2)
    boxes = [corners_of(box, size) for box in picture.boxes * stretch]
    for box in picture.ignored * stretch:
        draw_box(draw, corners_of(box, size), LEFT_OUT)
    for box, number in zip(boxes, picture.classes, strict=True):
        draw_box(draw, box, class_mark(int(number)))
    taken: list[Corners] = []
    for box, number in zip(boxes, picture.classes, strict=True):
        text = names[number]
        width, height = text_size(text, LETTERS)
        place = place_text(box, (width + 4, height), size, taken)
        if place and len(names) > 1:
            taken.append(place)
            draw.rectangle(place, fill=class_mark(int(number)).colour)
            draw_text(draw, (place[0] + 2, place[1]), text, LETTERS, EDGE)
    return image
