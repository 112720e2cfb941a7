"""A PostgreSQL server of its own for a test, in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of an empty database. Skips the test where no server is installed."""
    pytest.importorskip("psycopg", reason="the extra 'cluster' is not installed")
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="dse-pg-"))
    user = _user(folder)
    quiet: dict[str, Any] = {**user, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-A", "trust", "-U", "dse", "--no-sync"],
        check=True,
        **quiet,
    )
    sockets = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}"]
    server = subprocess.Popen([programs / "postgres", "-D", data, "-F", *sockets], **quiet)
    try:
        _wait_for(programs, folder, server)
        yield f"postgresql+psycopg://dse@/postgres?host={folder}"
    finally:
        server.terminate()
        server.wait(timeout=60)
        shutil.rmtree(folder)


def _programs() -> Path:
    places = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists():
            return place
    pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")


def _user(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as another user, to whom `folder` goes."""
    if os.getuid():
        return {}
    known = {entry.pw_name for entry in pwd.getpwall()}
    name = next((name for name in ("postgres", "nobody") if name in known), None)
    if name is None:
        pytest.skip("this is root, and there is no user 'postgres' or 'nobody' for PostgreSQL")
    shutil.chown(folder, name)
    return {"user": name, "cwd": folder}


def _wait_for(programs: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    while subprocess.run([programs / "pg_isready", "-q", "-h", folder], check=False).returncode:
        assert server.poll() is None and time.monotonic() - began < 60, "PostgreSQL did not start"
        time.sleep(0.1)
