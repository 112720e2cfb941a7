"""Trainings that were run once and written down, so that a search can be replayed on them.

A table is a file of one JSON object a line. The first says what made it: recipe, pictures,
starting weights, versions. Every other line is the outcome of one training: its learning
curve, its AP in every format, the seconds it took. A search on a table costs seconds, which
makes it a benchmark for search strategies: the trainings are real, and they are done.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.errors import InvalidFile, StudyError, UnknownName, UsageError
from dse.files import read_text
from dse.schema import checked, converted, parse_json, shown
from dse.space import Training
from dse.study.folder import StudyFolder
from dse.study.provenance import SHARED, differing
from dse.study.settings import Positive, TableHead, plain
from dse.study.training_result import Outcome
from dse.training.recipe import Recipe

if TYPE_CHECKING:
    from dse.study.record import StudyRecord

__all__ = ["RecordedTable"]

CURVE = ("epoch", "epochs", "loss", "val_ap", "seconds")

TABLE_BYTES = 64 << 20
"""A training is a line of 1 KB."""

HINT = "a table is what tools/record_trainings.py writes: some are in results/recorded"

DIGITS = 5
"""After the point, of every number: finer than one face more or less."""


@dataclass(frozen=True)
class RecordedTable:
    """What made the trainings, and the outcome of each by its training's id.

    about: recipe (`Recipe`), the three sets of pictures with their checksums, starting_weights,
    versions.
    """

    about: Mapping[str, Any]
    outcomes: Mapping[str, Outcome]

    @property
    def made_with(self) -> TableHead:
        """`about`, typed."""
        return converted(dict(self.about), TableHead)

    @property
    def recipe(self) -> Recipe:
        """How every training of the table was done."""
        return self.made_with.recipe

    @classmethod
    def load(cls, path: Path) -> RecordedTable:
        """Reads a table. Raises UnknownName if there is none, InvalidFile with line and reason."""
        if not os.path.exists(path):  # (unlike Path's, it takes names that no file can have)
            known = path.parent.glob("*.jsonl")
            raise UnknownName("table", shown(str(path)), map(str, known))
        outcomes: dict[str, Outcome] = {}
        about: dict[str, Any] = {}
        for number, line in enumerate(read_text(path, TABLE_BYTES).splitlines(), start=1):
            try:
                row = converted(parse_json(line), dict[str, Any])
                if about:
                    outcome = _outcome(row)
                    outcomes[outcome.training_id] = outcome
                else:
                    about = {**row, "recipe": plain(asdict(converted(row, TableHead).recipe))}
            except ValueError as error:
                why = f"not a line of a table: {shown(str(error), 200)}"
                raise InvalidFile(path, why, number, HINT) from None
        if not outcomes:
            raise InvalidFile(path, "no training in it", hint=HINT)
        return cls(about, outcomes)

    @classmethod
    def of(cls, record: StudyRecord) -> RecordedTable:
        """The finished trainings of a study."""
        settings = record.settings.table
        about = {part: _without_folder(settings[part]) for part in SHARED}
        # (What a search noted beside an outcome, such as who beat it, is no part of the training.)
        own = {field.name for field in fields(Outcome)}
        done = (entry.outcome for entry in record.entries if entry.state == "complete")
        tables = [{name: value for name, value in table.items() if name in own} for table in done]
        journal = StudyFolder(record.path).journal
        found = [checked(table, Outcome, journal, hint="search again") for table in tables]
        outcomes = {outcome.training_id: outcome for outcome in found}
        recipe, versions = settings["search"]["recipe"], record.settings.versions
        return cls({"recipe": recipe, **about, "versions": versions}, outcomes)

    @classmethod
    def joined(cls, tables: Mapping[str, RecordedTable]) -> RecordedTable:
        """Tables by name as one; of a training that several have, the last.

        Raises StudyError for none, and where recipe, pictures or starting weights differ.
        """
        names = list(tables)
        for name in names[1:]:
            unlike = differing(tables[names[0]].made_with, tables[name].made_with)
            if unlike:
                raise StudyError(
                    f"{name} has other {unlike} than {names[0]}",
                    "collect trainings of the same recipe, pictures and starting weights",
                )
        outcomes = {id: one for table in tables.values() for id, one in table.outcomes.items()}
        if not outcomes:
            raise StudyError("no finished training in these studies", "run the search first")
        return cls(tables[names[-1]].about, outcomes)

    def text(self) -> str:
        """The file's contents, trainings in the order of their ids."""
        lines: list[dict[str, Any]] = [dict(self.about)]
        for _, outcome in sorted(self.outcomes.items()):
            row = outcome.to_json()
            row["curve"] = [[epoch[name] for name in CURVE] for epoch in row["curve"]]
            lines.append(row)
        plain = (json.dumps(_rounded(line), separators=(",", ":")) for line in lines)
        return "".join(f"{line}\n" for line in plain)


def _without_folder(part: Mapping[str, Any]) -> dict[str, Any]:
    """A table of study.toml whose source is told by the folder's last name alone."""
    kind, colon, folder = str(part.get("source", "")).partition(":")
    return {**part, "source": kind + colon + Path(folder).name} if colon else dict(part)


def _outcome(row: dict[str, Any]) -> Outcome:
    """The outcome in a line of a table. Raises ValueError."""
    epochs = converted(row.get("curve"), list[tuple[Positive, Positive, float, float, float]])
    curve = [dict(zip(CURVE, epoch, strict=True)) for epoch in epochs]
    outcome = converted({**row, "curve": curve}, Outcome)
    try:
        training = Training.parse(outcome.training_id)
    except UsageError as error:
        raise ValueError(str(error)) from None
    if training.id != outcome.training_id:  # A063-a0.350-224: nobody would find it
        raise ValueError(f"'{shown(outcome.training_id)}' is written {training.id}")
    return outcome


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
