"""The page while its search runs: a small server on this machine alone.

It rewrites the page's file when a study has grown, and an open page asks for the new data. The
file stays the product: it is complete at any moment, and does without the server.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from dse.errors import DseError
from dse.files import make_folder, utf8, write_whole
from dse.views.dashboard.frames import Record, study_tables
from dse.views.dashboard.page import page_text
from dse.views.dashboard.payload import payload_json

__all__ = ["LOOPBACK", "LiveServer"]

LOOPBACK = "127.0.0.1"
GROWING = ("study.toml", "journal.log")
"""Files of a study that change when there is something new to show."""


class LiveServer(ThreadingHTTPServer):
    """Serves the page of `folders` on 127.0.0.1, and writes it to `path`.

    Lifetime: made, which writes the page once; `serve_forever` until an interrupt; closed by
    its `with` statement. `load` reads a study's folder. Port 0 takes a free one.
    Raises DseError where the port is taken, and what `load` raises the first time.
    """

    daemon_threads = True

    def __init__(
        self, folders: Sequence[Path], load: Callable[[Path], Record], path: Path, port: int
    ) -> None:
        self._folders, self._load, self._path = folders, load, path
        self._lock = threading.Lock()
        self._seen, self._answers = "", {"/": b"", "/data": b""}
        self._refresh()
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            raise DseError(
                f"cannot serve on port {port}: {error.strerror}", "give another one with --port"
            ) from None

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the page."""
        return f"http://{LOOPBACK}:{self.server_port}/"

    def current(self, place: str) -> tuple[str, bytes | None]:
        """The version of the studies, and what lies at `place` then; None for nothing.

        A study that cannot be read at this moment stays as it was.
        """
        with self._lock:
            with contextlib.suppress(DseError):
                self._refresh()
            return f'"{self._seen}"', self._answers.get(place)

    def _refresh(self) -> None:
        found = _version(self._folders)
        if found == self._seen:
            return
        studies = [study_tables(self._load(folder)) for folder in self._folders]
        data = payload_json(studies)
        page = page_text(studies, data, live=found)
        self._answers = {"/": utf8(page), "/data": utf8(data)}
        self._seen = found
        make_folder(self._path.parent)
        whole = page_text(studies, data)
        write_whole(self._path, utf8(whole))  # last: a full disk stops no open page


def _version(folders: Sequence[Path]) -> str:
    """Changes whenever one of the studies does."""
    files = [folder / name for folder in folders for name in GROWING]
    known = [file.stat() for file in files if file.exists()]
    return "-".join(f"{stat.st_mtime_ns:x}.{stat.st_size:x}" for stat in known)


class _Handler(BaseHTTPRequestHandler):
    """Answers the page and its data, to this machine's own browser."""

    server: LiveServer

    def do_GET(self) -> None:
        if self.headers.get("Host", "").partition(":")[0] not in (LOOPBACK, "localhost"):
            self.send_error(HTTPStatus.FORBIDDEN, "ask for 127.0.0.1")  # a name that was rebound
            return
        place = self.path.partition("?")[0]
        version, content = self.server.current(place)
        if content is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        elif self.headers.get("If-None-Match") == version:
            self._answer(HTTPStatus.NOT_MODIFIED, version, place)
        else:
            self._answer(HTTPStatus.OK, version, place, content)

    def _answer(
        self, status: HTTPStatus, version: str, place: str, content: bytes | None = None
    ) -> None:
        kind = "text/html" if place == "/" else "application/json"
        self.send_response(status)
        self.send_header("ETag", version)
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if content is not None:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a page asks every few seconds."""
