"""A study read back: what the dashboard, the export and every report are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.chips.registry import CHIPS, DEFAULT_CHIP
from dse.errors import InvalidFile, StudyError
from dse.files import read_bytes
from dse.schema import quoted, shown
from dse.space import FORMATS
from dse.study.audit import audit
from dse.study.candidates import Candidates
from dse.study.columns import StudyColumns, study_columns
from dse.study.file_journal import read_entries
from dse.study.folder import StudyFolder
from dse.study.journal import Entry
from dse.study.outcomes import SearchReport, front_rows, hypervolume_shares, outcome_rows
from dse.study.plan import make_plan, read_candidates
from dse.study.rows import OutcomeRow
from dse.study.settings import StudySettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StudyRecord", "load_study"]

RECALL_COLUMNS = ("recall", "precision", "score")
CURVE_BYTES = 64 << 20
"""A detection is a line of 24 bytes: two million of them, on a hundred times FDDB."""

CURVE_COLUMNS = ["epoch", "loss", "val_ap", "seconds"]


class _CurveFiles(Mapping[str, "pd.DataFrame"]):
    """Tables by name, each read from its CSV file when it is asked for."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def __getitem__(self, name: str) -> pd.DataFrame:
        return _read_curve(self._files[name])

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@dataclass(frozen=True)
class StudyRecord:
    """One study at the moment it was loaded.

    settings: study.toml. candidates: cost and verdict of every candidate of the space.
    entries: every trial of the journal, by number.
    """

    path: Path
    settings: StudySettings
    candidates: Candidates
    entries: list[Entry]

    @property
    def name(self) -> str:
        """The study's name."""
        return self.path.name

    @property
    def settings_table(self) -> Mapping[str, Any]:
        """study.toml as it stands."""
        return self.settings.table

    @cached_property
    def rows(self) -> list[OutcomeRow]:
        """One row per candidate of a training that ended, and per refused candidate."""
        return outcome_rows(self.candidates, self.entries)

    @property
    def front(self) -> list[OutcomeRow]:
        """The rows on the front, the best AP first."""
        return front_rows(self.rows)

    @property
    def columns(self) -> StudyColumns:
        """The columns of its tables."""
        return self.candidates.columns

    def frame(self) -> pd.DataFrame:
        """`rows` as a table."""
        import pandas as pd

        shown = self.columns.at("frame")
        return pd.DataFrame({one.name: [*map(one.of, self.rows)] for one in shown})

    def space(self) -> pd.DataFrame:
        """Axes, costs, `status` and `deployable` of every candidate of the space."""
        return self.candidates.frame(self.columns.at("space"))

    @property
    def curves(self) -> dict[str, pd.DataFrame]:
        """Per training id: epoch, loss, val_ap, seconds (since its start); a row an epoch."""
        import pandas as pd

        return {
            entry.training.id: pd.DataFrame(entry.outcome["curve"])[CURVE_COLUMNS]
            for entry in self.entries
            if entry.outcome.get("curve")
        }

    @property
    def precision_recall(self) -> Mapping[str, pd.DataFrame]:
        """Per candidate id whose curve was written: recall, precision, score, by falling score.

        A curve is read when it is asked for: a study may hold seven thousand.
        """
        folder = StudyFolder(self.path)
        return _CurveFiles({
            entry.training.in_format(format).id: file
            for entry in self.entries
            if entry.state == "complete"
            for format in FORMATS
            if (file := folder.training(entry.training.id) / f"precision_recall_{format}.csv")
            .exists()
        })  # fmt: skip

    @property
    def ap_by_class(self) -> dict[str, Mapping[str, float]]:
        """Per candidate id: AP of each class that the pictures show, of those that find several."""
        return {row.id: row.ap_by_class for row in self.rows if row.ap_by_class}

    @property
    def history(self) -> pd.DataFrame:
        """A row a complete training, as they ended: trial, elapsed_s, hypervolume (0..1)."""
        import pandas as pd

        ended = sorted(
            (entry for entry in self.entries if entry.state == "complete"),
            key=lambda entry: (entry.elapsed_s, entry.number),
        )
        shares = hypervolume_shares(self.candidates, ended)
        rows = [
            (entry.number, entry.elapsed_s, share)
            for entry, share in zip(ended, shares, strict=True)
        ]
        return pd.DataFrame(rows, columns=["trial", "elapsed_s", "hypervolume"])

    @property
    def stopping(self) -> str:
        """What early stopping did, and what its audit says; empty where nothing was stopped."""
        return audit(self.candidates, self.entries).words()

    def report(self) -> SearchReport:
        """The study's report, as `dse search --json` gave it."""
        seconds = max((entry.elapsed_s for entry in self.entries), default=0.0)
        return SearchReport.of(self.name, self.candidates, self.entries, seconds)


def load_study(path: Path) -> StudyRecord:
    """The study in `path`, which another process may be writing.

    Raises UnknownName (with the nearest name) if there is none, InvalidFile for a broken
    study.toml, CorruptJournal for a line of the journal that is no record.
    """
    folder = StudyFolder.open(path)
    settings = folder.settings()
    return StudyRecord(
        path=folder.path,
        settings=settings,
        candidates=_candidates(folder, settings),
        entries=read_entries(folder.journal, folder.name),
    )


def _read_curve(path: Path) -> pd.DataFrame:
    """A curve that a training wrote: recall, precision, score. Raises FileError, InvalidFile."""
    import pandas as pd

    content = BytesIO(read_bytes(path, CURVE_BYTES))
    try:
        curve = pd.read_csv(content, usecols=list(RECALL_COLUMNS), dtype="float64")
    except (ValueError, OverflowError, pd.errors.ParserError) as error:
        hint = "delete it: the page then leaves the curve out"
        raise InvalidFile(path, f"no curve: {shown(str(error), 200)}", hint=hint) from None
    return curve[list(RECALL_COLUMNS)]


def _candidates(folder: StudyFolder, settings: StudySettings) -> Candidates:
    """What candidates.csv says; priced again where a kill came before it was written."""
    classes = len(settings.heads.classes)
    if folder.candidates.exists():
        return read_candidates(folder.candidates, study_columns(_chip(settings), classes > 1))
    plan = make_plan(settings.search_space(), settings.make_target(), classes)
    return plan.rows


def _chip(settings: StudySettings) -> str:
    """The name of the study's chip. Raises StudyError for one of another version of dse."""
    name = settings.target.get("chip", DEFAULT_CHIP)
    if isinstance(name, str) and name in CHIPS:
        return name
    raise StudyError(
        f"the study is for the chip {quoted(name)}, which this version of dse does not know",
        "use the version in study.toml",
    )
