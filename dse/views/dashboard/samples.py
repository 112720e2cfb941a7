"""What the designs of a study find on a few of its evaluation pictures, small enough for the page.

The pictures are part of the file then: whoever gets the page gets them too.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dse.data.rendered import open_rendered
from dse.designs.selection import job_of
from dse.designs.trained import trained_design
from dse.designs.trained_detector import TrainedDetector
from dse.detection.average_precision import operating_point
from dse.errors import CompilerError, WeightsError
from dse.evaluation import Finding, Findings, find_faces
from dse.space import Candidate
from dse.study.folder import WEIGHTS
from dse.views.contact_sheet.choosing import Score, choose_between, count
from dse.views.contact_sheet.sheet import SAVING
from dse.views.contact_sheet.thumbnail import thumbnail

if TYPE_CHECKING:
    from dse.data import DataSet
    from dse.study.record import StudyRecord

__all__ = ["MOST_DESIGNS", "Sample", "StudySamples", "study_samples"]

MOST_DESIGNS = 6
"""Designs that are run: compiling one and emulating it takes some ten seconds."""

MOST_PICTURES = 256
"""Pictures that they are run on, spread evenly over the evaluation set."""

LONGER_SIDE = 360
"""Pixels, of a drawn picture: about 20 KB as JPEG."""

Say = Callable[[str], None]


class Sample(NamedTuple):
    """A picture with its boxes as a data URI, its size in pixels, and what they come to."""

    address: str
    width: int
    height: int
    found: int
    false: int
    missed: int


@dataclass(frozen=True)
class StudySamples:
    """The same pictures under each design.

    rule: how pictures and designs were chosen. scores: candidate -> threshold that it ran at,
    where F1 was best. drawn: candidate -> its pictures. failed: candidate -> why it has none.
    class_scores: candidate -> threshold of each class by its name, of several classes; boxes are
    then believed from these on.
    """

    rule: str
    scores: dict[str, float] = field(default_factory=dict)
    drawn: dict[str, list[Sample]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    class_scores: dict[str, dict[str, float]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As plain values for the page."""
        drawn = {name: [one._asdict() for one in some] for name, some in self.drawn.items()}
        return {**asdict(self), "drawn": drawn}


def study_samples(record: StudyRecord, wanted: int, say: Say) -> StudySamples:
    """Runs the deployable designs on the front of `record`, and draws `wanted` pictures of each.

    Designs: those with weights in the study's folder, MOST_DESIGNS with the highest AP; the
    compiled file is what runs. Pictures: those of MOST_PICTURES of the evaluation set on which
    the designs differ most. say: told what takes time. Raises WeightsError where no design has
    weights, DataError where the study's pictures are gone.
    """
    front = [row.id for row in record.front if row.deployable]
    failed = {name: "Its weights are not in the study's folder." for name in front
              if not _weights(record, name).exists()}  # fmt: skip
    able = [name for name in front if name not in failed]
    if not able:
        raise WeightsError(
            f"no deployable design on the front of {record.name} has its weights left to run",
            "leave --samples out, or search again: weights lie in the study's trainings/",
        )
    best = able[:MOST_DESIGNS]
    failed |= {name: f"Only the {MOST_DESIGNS} with the highest AP were run."
               for name in able[MOST_DESIGNS:]}  # fmt: skip
    job = job_of(record)
    data = open_rendered(job.eval_data, "eval", Path(job.cache), limit=MOST_PICTURES)
    seen: dict[str, _Seen] = {}
    for name in best:
        try:
            seen[name] = _seen(_run(record, name, data, say))
        except (CompilerError, WeightsError) as error:
            failed[name] = f"It could not be run: {error}."
    every = list(seen.values())
    chosen = choose_between(
        [one.pictures for one in every], [one.believed for one in every], wanted
    )
    load = {picture.name: picture.load for picture in data.pictures}
    drawn = {
        name: [_sample(one, one.pictures[place], load) for place in chosen]
        for name, one in seen.items()
    }
    return StudySamples(
        _rule(len(chosen), len(data), record.columns.chip.file),
        {name: one.score for name, one in seen.items()},
        drawn,
        failed,
        {name: one.own for name, one in seen.items() if one.own},
    )


class _Seen(NamedTuple):
    """What a design finds. score: where its F1 is best. own: of each class, of several."""

    pictures: list[Finding]
    score: float
    own: dict[str, float]

    @property
    def believed(self) -> Score:
        """From which score on its boxes are drawn."""
        return list(self.own.values()) or self.score


def _seen(findings: Findings) -> _Seen:
    points = findings.operating_points() if findings.several else {}
    return _Seen(
        findings.pictures,
        operating_point(findings.curve()).score,
        {name: point.score for name, point in points.items()},
    )


def _rule(pictures: int, of: int, file: str) -> str:
    return (
        f"The {pictures} of {of} evaluation pictures on which the designs on the front differ "
        f"most: not typical ones. What ran is the compiled {file}."
    )


def _weights(record: StudyRecord, name: str) -> Path:
    return record.path / "trainings" / Candidate.parse(name).training.id / WEIGHTS


def _run(record: StudyRecord, name: str, data: DataSet, say: Say) -> Findings:
    """What the design finds on `data`."""
    detector = TrainedDetector(trained_design(record, Candidate.parse(name)), say)
    with detector.running() as predict:
        return find_faces(predict, detector.input_size, data, detector.head)


def _sample(seen: _Seen, picture: Finding, load: Mapping[str, Callable[[], Any]]) -> Sample:
    """`picture` as a small JPEG with the boxes that are believed, and their names."""
    scale = LONGER_SIDE / max(picture.width, picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    content = io.BytesIO()
    pixels, names = load[picture.name](), tuple(seen.own)
    thumbnail(picture, pixels, size, seen.believed, names).save(content, "JPEG", **SAVING)
    encoded = base64.b64encode(content.getvalue()).decode("ascii")
    return Sample(f"data:image/jpeg;base64,{encoded}", *size, *count(picture, seen.believed))
