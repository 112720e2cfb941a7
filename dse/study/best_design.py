"""Which design to ship: one rule for every command, the page and notebooks.

The highest AP on a few hundred pictures is partly luck: on other pictures another design comes
first. So "best" is the fastest design (or the smallest) whose AP cannot be told from the highest.

Two designs are told apart by a paired bootstrap: both are judged on the same draws of the
evaluation pictures (`dse.detection.confidence`), and the better one is better in 97.5 % of them.
Where a study kept no draws, as older ones did not, a design is told from the best if its AP lies
below the best's interval, which takes more to tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from dse.errors import UnknownName
from dse.study.folder import StudyFolder
from dse.text_table import bytes_text

if TYPE_CHECKING:
    from pathlib import Path

    from dse.detection.confidence import Sample
    from dse.study.record import StudyRecord
    from dse.study.rows import OutcomeRow

__all__ = ["PREFERENCES", "Choice", "Judged", "choose", "choose_among", "deployable_rows"]

PREFERENCES = ("latency", "size", "ap")
"""What may decide among designs whose AP cannot be told apart; `ap` takes the highest, whatever
it costs."""

_COST_OF = {"size": attrgetter("file_bytes"), "latency": attrgetter("latency_ms")}
_WORDS = {"size": "smallest", "latency": "fastest"}


class _Named(Protocol):
    @property
    def id(self) -> str: ...


class Judged(Protocol):
    """What is asked of a design, as of `OutcomeRow`."""

    @property
    def id(self) -> str: ...
    @property
    def training(self) -> _Named: ...
    @property
    def ap(self) -> float: ...
    @property
    def ap_low(self) -> float: ...
    @property
    def ap_high(self) -> float: ...
    @property
    def file_ap(self) -> float: ...
    @property
    def latency_ms(self) -> float: ...
    @property
    def file_bytes(self) -> float: ...


Row = TypeVar("Row", bound=Judged)


@dataclass(frozen=True)
class Choice(Generic[Row]):
    """The design to ship and what it was chosen from.

    row: the design. best: the one with the highest AP. equals: designs whose AP cannot be told
    from that, itself included. paired: told by the same draws of pictures, and not by interval.
    """

    row: Row
    best: Row
    prefer: str
    equals: Sequence[Row] = field(repr=False)
    paired: bool

    @property
    def words(self) -> str:
        """Which it is and why, with the best beside it; a sentence a line."""
        return "\n".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        taken = f"{_described(self.row)}, {bytes_text(int(self.row.file_bytes))}"
        if self.prefer == "ap":
            yield f"{taken}: the highest AP"
            return
        from dse.detection.confidence import RESAMPLES

        how = (
            f"paired bootstrap, {RESAMPLES} draws of the evaluation pictures, seed 0"
            if self.paired
            else f"within its interval, {self.best.ap_low:.3f} to {self.best.ap_high:.3f}"
        )
        which = _WORDS[self.prefer]
        if len(self.equals) == 1:
            yield f"{taken}: the highest AP, and every other design's is lower ({how})"
        elif self.row is self.best:
            yield f"{taken}: the highest AP, and the {which} of {len(self.equals)} that cannot be"
            yield f"  told from it ({how})"
        else:
            yield f"{taken}: the {which} of {len(self.equals)} whose AP"
            yield f"  cannot be told from the highest ({how})"
            yield f"  the highest: {_described(self.best)}; --prefer ap takes it"


def choose(record: StudyRecord, prefer: str = "latency") -> Choice[OutcomeRow] | None:
    """`choose_among` all designs of a study that the chip runs."""
    return choose_among(record.path, deployable_rows(record), prefer)


def choose_among(study: Path, rows: Sequence[Row], prefer: str = "latency") -> Choice[Row] | None:
    """The design to ship, of `rows`; None where there is none.

    study: its folder, with what was drawn. prefer: one of PREFERENCES. Raises UnknownName for
    another, and what `read_resampled` raises.
    """
    if prefer not in PREFERENCES:
        raise UnknownName("preference", prefer, PREFERENCES)
    if not rows:
        return None
    best = max(rows, key=lambda row: (_ap(row), -row.latency_ms))
    if prefer == "ap":
        return Choice(best, best, prefer, (best,), False)
    rival = _Rival(study, best)
    equals = [row for row in rows if row is best or not rival.is_above(row)]
    row = min(equals, key=lambda row: (_COST_OF[prefer](row), -_ap(row)))
    return Choice(row, best, prefer, equals, rival.paired)


def deployable_rows(record: StudyRecord) -> list[OutcomeRow]:
    """The trained designs that the chip runs."""
    return [row for row in record.rows if row.deployable and row.state in ("front", "dominated")]


class _Rival:
    """The best, and whom its study can tell from it.

    paired: everyone that was asked about was judged on the same draws.
    """

    def __init__(self, study: Path, best: Judged) -> None:
        self._folder, self._best = StudyFolder(study), best
        self._draws = self._read(best)
        self.paired = self._draws is not None

    def is_above(self, row: Judged) -> bool:
        """The AP of `row` can be told from the best's."""
        from dse.detection.confidence import is_higher

        draws = self._read(row)
        if self._draws is not None and draws is not None and len(draws) == len(self._draws):
            return is_higher(self._draws, draws)
        self.paired = False
        down = self._best.ap - self._best.ap_low
        return _ap(row) < _ap(self._best) - (0.0 if math.isnan(down) else down)

    def _read(self, row: Judged) -> Sample | None:

        from dse.study.resampled import read_resampled

        return read_resampled(self._folder.training(row.training.id))


def _ap(row: Judged) -> float:
    """The file's own AP where it was measured, the emulated one elsewhere."""
    return row.ap if math.isnan(row.file_ap) else row.file_ap


def _described(row: Judged) -> str:
    within = "" if math.isnan(row.ap_low) else f" ({row.ap_low:.3f} to {row.ap_high:.3f})"
    return f"{row.id}, AP {_ap(row):.3f}{within}, {row.latency_ms:.1f} ms"
