"""A sheet of pictures with what a detector found on them: true, false and missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from dse.data.pictures import DataSet
from dse.detection.average_precision import OperatingPoint
from dse.errors import UnknownName, UsageError
from dse.evaluation import Findings
from dse.files import make_folder, whole_file
from dse.views.contact_sheet.choosing import SORTS, Counts, choose, count
from dse.views.contact_sheet.heading import draw_heading, heading_height
from dse.views.contact_sheet.layout import arrange
from dse.views.contact_sheet.marks import FALSE, FOUND, LABEL, LEFT_OUT, MISSED, Mark
from dse.views.contact_sheet.thumbnail import thumbnail

__all__ = ["SAVING", "Sheet", "contact_sheet"]

SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
"""With the format's name in Pillow."""

SAVING: dict[str, Any] = {
    "quality": 75,
    "subsampling": 0,  # colours at full resolution: thin coloured lines suffer first
    "progressive": True,
    "optimize": True,
}
"""For JPEG; PNG takes of it what it knows."""

PAPER = "#ffffff"
WIDTH, MARGIN, GAP, ROW_HEIGHT = 1400, 20, 8, 250


@dataclass(frozen=True)
class Sheet:
    """A sheet that is wanted in the file `path`, with at most `pictures` of the set.

    sort, seed: as of `choosing.choose`. Raises UsageError for a kind of file that cannot be
    written, UnknownName for an order.
    """

    path: Path
    pictures: int = 24
    sort: str = "random"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.path.suffix.lower() not in SUFFIXES:
            raise UsageError(f"'{self.path}' is none of {', '.join(SUFFIXES)}", "choose one")
        if self.sort not in SORTS:
            raise UnknownName("order", self.sort, SORTS)

    def write(
        self,
        name: str,
        findings: Findings,
        data: DataSet,
        point: OperatingPoint,
        scores: Sequence[float] | None = None,
    ) -> None:
        """Draws what `contact_sheet` draws, whole or not at all.

        Raises FileError where the system refuses, and what `contact_sheet` raises.
        """
        self.save(contact_sheet(name, findings, data, point, self, scores))

    def save(self, image: Image.Image) -> None:
        """Writes the file, whole or not at all. Raises FileError."""
        make_folder(self.path.parent)
        with whole_file(self.path) as file:
            image.save(file, SUFFIXES[self.path.suffix.lower()], **SAVING)


def contact_sheet(
    name: str,
    findings: Findings,
    data: DataSet,
    point: OperatingPoint,
    wanted: Sheet,
    scores: Sequence[float] | None = None,
) -> Image.Image:
    """What the detector `name` found on `data`, run at `point`; equal arguments, equal pixels.

    scores: the threshold of each class, where they have their own.
    Boxes are judged as average precision judges them; the numbers in the head are of the whole
    set. Raises DataError where no picture has an object, or one is gone since it was evaluated.
    """
    score = point.score if scores is None else scores
    chosen = choose(findings.pictures, score, wanted.pictures, wanted.sort, wanted.seed)
    tiles = arrange([p.width / p.height for p in chosen], WIDTH - 2 * MARGIN, ROW_HEIGHT, GAP)
    top = heading_height() + 2 * MARGIN
    sheet = Image.new("RGB", (WIDTH, top + tiles[-1].bottom + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    total = Counts(*map(sum, zip(*(count(p, score) for p in findings.pictures), strict=True)))
    if scores is not None:
        point = OperatingPoint(point.score, *total.precision_recall)
    caption = _caption(point, len(chosen), wanted, scores is not None)
    lines = _title(name, findings, data), caption
    draw_heading(draw, (MARGIN, MARGIN), WIDTH - 2 * MARGIN, lines, _legend(total, findings))
    load = {picture.name: picture.load for picture in data.pictures}
    for picture, tile in zip(chosen, tiles, strict=True):
        size = (tile.right - tile.left, tile.bottom - tile.top)
        drawn = thumbnail(picture, load[picture.name](), size, score, findings.classes)
        sheet.paste(drawn, (MARGIN + tile.left, top + tile.top))
    return sheet


def _title(name: str, findings: Findings, data: DataSet) -> str:
    ap, kind = findings.evaluation().ap, data.source.partition(":")[0]
    called = "mAP" if findings.several else "AP"
    pictures = f"{len(findings.pictures):,} pictures ({kind}), {findings.faces:,} {findings.things}"
    return f"{name}: {called} {ap:.3f} on {pictures}"


def _caption(point: OperatingPoint, shown: int, wanted: Sheet, each_its_own: bool) -> str:
    orders = {
        "random": f"drawn at random (seed {wanted.seed})",
        "worst": "the worst first",
        "best": "the best first",
    }
    from_ = "the score of their class" if each_its_own else f"a score of {point.score:.2f}"
    return (
        f"Detections with {from_} or more: precision {point.precision:.3f}, "
        f"recall {point.recall:.3f}. {shown} of the pictures, {orders[wanted.sort]}"
    )


def _legend(total: Counts, findings: Findings) -> list[tuple[Mark, str]]:
    """What each line means, and how many there are of it in the whole set."""
    legend = [
        (FOUND, f"{total.found:,} found"),
        (FALSE, f"{total.false:,} false"),
        (MISSED, f"{total.missed:,} missed"),
        (LABEL, f"label of a found {findings.things[:-1]}"),
    ]
    if findings.several:  # colours are the classes'; the lines tell what became of them
        legend = [(replace(mark, colour=LABEL.colour), words) for mark, words in legend]
    if any(len(picture.ignored) for picture in findings.pictures):
        legend.append((LEFT_OUT, "too small or unclear: counts neither way"))
    return legend
