"""A database of Optuna's (`optuna.storages.RDBStorage`), opened by its URL."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import sleep

import optuna
import sqlalchemy
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning
from optuna.storages import RDBStorage

from dse.errors import UsageError
from dse.study.optuna_storage import DIRECTIONS, name_values

__all__ = ["experiments_allowed", "open_study", "without_password"]

FILE_WAIT_S = 60
"""For other drivers to let go of an SQLite file; its own 5 s are few on a busy disk."""

TABLES_PAUSES_S = (0.2, 0.5, 1.0)


def without_password(url: str) -> str:
    """A database's URL for people. Raises UsageError for one that SQLAlchemy cannot read."""
    try:
        return sqlalchemy.engine.make_url(url).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        raise UsageError(
            "--storage is no URL of a database", "such as postgresql+psycopg://user@host/name"
        ) from None


def open_study(url: str, name: str, *, heartbeat_s: int, grace_s: int) -> tuple[optuna.Study, bool]:
    """The study `name` in the database, and whether it was created here and now; the database sees
    to it that only one driver is told so.

    heartbeat_s, grace_s: how often a driver says that it lives, and after which silence it counts
    as dead. Raises UsageError for a URL that is none or whose Python package is missing.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = _storage(url, heartbeat_s, grace_s)
    try:
        made = optuna.create_study(storage=storage, study_name=name, directions=DIRECTIONS)
        name_values(made)
        return made, True
    except DuplicatedStudyError:
        return optuna.load_study(storage=storage, study_name=name), False


def _storage(url: str, heartbeat_s: int, grace_s: int) -> RDBStorage:
    """The database, with Optuna's tables in it.

    Drivers that come to an empty one together all make tables, and all but one may fail at it:
    they look again.
    """
    shown = without_password(url)
    try:
        for pause_s in TABLES_PAUSES_S:
            with suppress(sqlalchemy.exc.DBAPIError):
                return _connected(url, heartbeat_s, grace_s)
            sleep(pause_s)
        return _connected(url, heartbeat_s, grace_s)
    except (ImportError, sqlalchemy.exc.NoSuchModuleError) as error:
        raise UsageError(
            f"{shown} needs a Python package that is not installed: {error}",
            "for PostgreSQL: pip install 'dse[cluster]', and a URL postgresql+psycopg://...",
        ) from error


def _connected(url: str, heartbeat_s: int, grace_s: int) -> RDBStorage:
    is_file = sqlalchemy.engine.make_url(url).get_backend_name() == "sqlite"
    engine = {"connect_args": {"timeout": FILE_WAIT_S}} if is_file else {}
    with experiments_allowed():
        return RDBStorage(url, engine, heartbeat_interval=heartbeat_s, grace_period=grace_s)


@contextmanager
def experiments_allowed() -> Iterator[None]:
    """Optuna warns that it may still change its heartbeats; its version is pinned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield
