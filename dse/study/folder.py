"""The folder of a study: `results/<study>/`, with all that made it and all that came of it.

study.toml       the settings, written first: space, target, data, recipe, seeds, versions
candidates.csv   cost and verdict of every candidate of the space
journal.log      the record of trainings, in Optuna's journal format
lock             held by the process that writes; names it
trainings/<id>/  curve.csv, weights.npz, metrics.json, checkpoint.npz, kmodel.json,
                 precision_recall_<format>.csv
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Callable
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import Any

import tomli_w

from dse.errors import DseError, StudyError, StudyLocked, UnknownName
from dse.files import file_error, make_folder, remove_folder, reported, write_whole
from dse.launcher import typed
from dse.schema import read_toml, shown
from dse.study.settings import StudySettings

__all__ = [
    "WEIGHTS",
    "StudyFolder",
    "find_study",
    "latest_begun",
    "latest_study",
    "shared_cache",
    "study_names",
]

SETTINGS = "study.toml"
LOCK = "lock"
WEIGHTS = "weights.npz"
"""In the folder of a training: its network."""

PROBE_S = 0.05
"""Longer than anybody holds a lock to see whether it is free."""

_HELD: set[Path] = set()
"""Locks of this process: POSIX locks keep other processes out, but not oneself."""


class StudyFolder:
    """One study's folder.

    Lifetime: `create` or `open`; then `with folder.lock():` around everything that writes.
    Reading needs no lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def __repr__(self) -> str:
        return f"StudyFolder('{self.path}')"

    @property
    def name(self) -> str:
        """The study's name: that of its folder."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """The record, a file of one JSON object per line."""
        return self.path / "journal.log"

    @property
    def candidates(self) -> Path:
        """Cost and verdict of every candidate of the space, as CSV."""
        return self.path / "candidates.csv"

    @property
    def trainings(self) -> Path:
        """Where every training has a folder of its own."""
        return self.path / "trainings"

    def training(self, training_id: str) -> Path:
        """The folder of one training."""
        return self.trainings / training_id

    @classmethod
    def create(cls, results: Path, name: str | None, target: str) -> StudyFolder:
        """A new, empty folder under `results`; unnamed studies count up: `<target>-001`.

        Raises StudyError when a study of that name exists, and for a name that is none;
        FileError where `results` cannot be written.
        """
        if name is not None and (not name or Path(name).name != name):
            raise StudyError(f"'{name}' is no name for a study", "use letters, digits and dashes")
        make_folder(results)
        if name is not None:
            return cls(_made(results / name))
        number = 1
        while (results / f"{target}-{number:03d}").exists():
            number += 1
        return cls(_made(results / f"{target}-{number:03d}"))

    @classmethod
    def open(cls, path: Path) -> StudyFolder:
        """The study in `path`. Raises UnknownName (with the nearest name) if there is none."""
        if not os.path.exists(path / SETTINGS):
            raise UnknownName("study", shown(path.name), study_names(path.parent))
        return cls(path)

    def write_settings(self, settings: StudySettings) -> None:
        """Writes study.toml, whole or not at all."""
        write_whole(self.path / SETTINGS, tomli_w.dumps(settings.table))

    def settings(self) -> StudySettings:
        """study.toml. Raises as `StudySettings.load`."""
        return StudySettings.load(self.path / SETTINGS)

    def discard(self) -> None:
        """Removes the folder and all in it. Raises FileError."""
        remove_folder(self.path)

    def writer(self) -> str:
        """Who writes the study now, in words; empty where nobody does."""
        if not (self.path / LOCK).exists():  # what came with a clone is not written to
            return ""
        try:
            with self.lock():
                return ""
        except StudyLocked as error:
            return str(error)

    @property
    def has_weights(self) -> bool:
        """Some training left its network here."""
        return any(self.trainings.glob(f"*/{WEIGHTS}"))

    def lock(self) -> StudyLock:
        """The right to write; to be used in a `with` statement. Raises StudyLocked."""
        return StudyLock(self.path / LOCK)


class StudyLock:
    """An exclusive POSIX lock, which the system frees when its process ends in any way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> StudyLock:
        if self._path in _HELD:
            raise _locked(self._path, "this process")
        with reported(self._path, "written"):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _lock(descriptor):
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise _locked(self._path, holder or "another process")
        with contextlib.suppress(OSError):  # the lock holds on a full disk, too; it names nobody
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        self._descriptor = descriptor
        _HELD.add(self._path)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            _HELD.discard(self._path)
            os.close(self._descriptor)
            self._descriptor = None


def shared_cache(results: Path) -> Path:
    """Folder for what several studies under `results` share: scenes, features."""
    return Path(os.environ.get("DSE_CACHE") or results / ".cache").resolve()


def study_names(results: Path) -> list[str]:
    """Names of the studies under `results`, sorted."""
    return sorted(settings.parent.name for settings in results.glob(f"*/{SETTINGS}"))


def latest_study(results: Path) -> Path:
    """The study under `results` that is meant where none is named: of those with weights the one
    written last, and where none has any, of the others.

    Any that ran here come before those that came with a clone. Replays of recorded trainings are
    never meant: they train nothing. Raises StudyError if there is no other.
    """
    return _first(results, _with_weights_last_written)


def latest_begun(results: Path) -> Path:
    """The study under `results` that a search wrote last, whether or not anything is trained yet:
    the one to go on with, or to watch. Otherwise as `latest_study`."""
    return _first(results, _last_written)


def find_study(results: Path, name: str | None) -> Path:
    """The study called `name`, a path to one, or `latest_study` if there is no name.

    Raises UnknownName (with the nearest name), or StudyError if there is none at all.
    """
    if name is None:
        return latest_study(results)
    for path in (results / name, Path(name)):
        if os.path.exists(path / SETTINGS):  # (unlike Path's, it takes names that no file can have)
            return path
    raise UnknownName("study", shown(name), study_names(results))


def _first(results: Path, order: Callable[[Path], tuple[Any, ...]]) -> Path:
    """The last in that order that is no replay."""
    names = study_names(results)
    if not names:
        raise StudyError(
            f"no study in {results}", f"{typed('search')} makes one; or give --results"
        )
    for path in sorted((results / name for name in names), key=order, reverse=True):
        if not _is_replay(path):
            return path
    raise StudyError(
        f"every study in {results} is a replay of recorded trainings, which has no weights",
        f"name one to look at it: {', '.join(names)}",
    )


def _with_weights_last_written(path: Path) -> tuple[bool, bool, float, str]:
    return StudyFolder(path).has_weights, *_last_written(path)


def _last_written(path: Path) -> tuple[bool, float, str]:
    files = [path / SETTINGS, path / "journal.log"]
    ran_here = (path / LOCK).exists()
    return ran_here, max(file.stat().st_mtime for file in files if file.exists()), path.name


def _is_replay(path: Path) -> bool:
    try:
        _, table = read_toml(path / SETTINGS)
    except DseError:  # what is wrong with it is told when it is opened
        return False
    search = table.get("search")
    return isinstance(search, dict) and "replay" in search


def _made(path: Path) -> Path:
    try:
        path.mkdir(exist_ok=_never_begun(path))
    except FileExistsError:
        raise StudyError(
            f"a study named '{path.name}' exists",
            "continue it with --resume, or give another name with --study",
        ) from None
    except OSError as error:
        raise file_error(error, path, "written") from error
    return path


def _never_begun(path: Path) -> bool:
    """Whether a search died, or its disk was full, before it had written what it is about."""
    return path.is_dir() and all(f.name == LOCK or f.name[0] == "." for f in path.iterdir())


def _lock(descriptor: int) -> bool:
    """Whether the lock is ours. Asked twice: `writer` has it for an instant."""
    for wait_s in (PROBE_S, 0.0):
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sleep(wait_s)
        else:
            return True
    return False


def _locked(path: Path, holder: str) -> StudyLocked:
    return StudyLocked(
        f"study '{path.parent.name}' is being written by {holder}",
        "wait until it is done, or give another name with --study",
    )
