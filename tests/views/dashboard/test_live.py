"""The server: this machine alone, a new version only when a study has grown, a clean end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from dse.errors import DseError, StudyError
from dse.study.folder import StudyFolder
from dse.study.settings import StudySettings
from dse.views.dashboard.live import LOOPBACK, LiveServer
from tests.process_limits import no_file_larger_than
from tests.views.dashboard.reader import DRAWN_MS

pytestmark = pytest.mark.slow


class Growing:
    """A study that shows one more training each time its journal grows."""

    def __init__(self, folder: Path, maker: Callable[..., Any]) -> None:
        self.folder, self._maker, self.trained = folder, maker, 3
        self.journal = folder / "journal.log"
        folder.mkdir()
        self.journal.write_text("begun\n")

    def load(self, folder: Path) -> Any:
        if self.trained < 0:
            raise StudyError("broken", "mend it")
        return self._maker(trained=self.trained, rejected=20)

    def grow(self, trained: int) -> None:
        self.trained = trained
        with self.journal.open("a") as file:
            file.write("more\n")


@pytest.fixture
def study(tmp_path: Path, record_maker: Callable[..., Any]) -> Growing:
    return Growing(tmp_path / "k210-001", record_maker)


def test_a_full_disk_stops_no_open_page(study: Growing, tmp_path: Path) -> None:
    with LiveServer([study.folder], study.load, tmp_path / "page.html", port=0) as server:
        first, page = server.current("/data")
        written = (tmp_path / "page.html").read_text()
        study.grow(4)
        with no_file_larger_than(0):
            second, newer = server.current("/data")
        assert second != first and newer != page
        assert (tmp_path / "page.html").read_text() == written


@pytest.fixture
def server(study: Growing, tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer([study.folder], study.load, tmp_path / "page.html", port=0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _ask(address: str, version: str = "") -> tuple[int, str, bytes]:
    request = urllib.request.Request(address, headers={"If-None-Match": version})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers["ETag"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("ETag", ""), b""


def test_the_same_version_is_not_sent_twice(server: LiveServer, study: Growing) -> None:
    status, version, body = _ask(server.address + "data")
    assert status == 200 and json.loads(body)["studies"][0]["trainings"] == 3
    assert _ask(server.address + "data", version)[0] == 304
    study.grow(5)
    status, newer, body = _ask(server.address + "data", version)
    assert (status, json.loads(body)["studies"][0]["trainings"]) == (200, 5)
    assert newer != version


def test_the_file_stays_the_product(server: LiveServer, study: Growing, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    before = page.read_text(encoding="utf-8")
    assert "connect-src 'none'" in before and 'data-live=""' in before
    study.grow(4)
    served = _ask(server.address)[2].decode()
    assert "connect-src 'self'" in served
    assert page.read_text(encoding="utf-8") != before


def test_a_study_that_cannot_be_read_stays_as_it_was(server: LiveServer, study: Growing) -> None:
    version = _ask(server.address)[1]
    study.grow(-1)
    assert _ask(server.address, version)[0] == 304


def test_only_this_machine_is_answered(server: LiveServer) -> None:
    assert server.server_address[0] == LOOPBACK
    assert _ask(server.address + "etc/passwd")[0] == 404
    connection = HTTPConnection(LOOPBACK, server.server_port)
    connection.request("GET", "/", headers={"Host": "elsewhere.example"})
    assert connection.getresponse().status == 403
    connection.close()


def test_a_taken_port_is_said(server: LiveServer, study: Growing, tmp_path: Path) -> None:
    with pytest.raises(DseError, match=str(server.server_port)) as caught:
        LiveServer([study.folder], study.load, tmp_path / "other.html", server.server_port)
    assert "--port" in caught.value.hint


def test_an_open_page_follows_and_keeps_what_was_chosen(
    browser: Any, server: LiveServer, study: Growing
) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(server.address)
    page.wait_for_selector("html[data-ready]", timeout=DRAWN_MS)
    assert page.inner_text("#live") == "live"
    assert "3 trainings" in page.inner_text("#summary")
    page.locator("#table tbody .open").first.click()
    chosen = page.inner_text("#details-heading")
    study.grow(9)
    page.wait_for_function(
        "document.getElementById('summary').textContent.includes('9 trainings')", timeout=DRAWN_MS
    )
    assert page.inner_text("#details-heading") == chosen
    assert page.evaluate("document.activeElement.id") == "details-heading"
    page.close()
    assert complaints == []


@pytest.mark.slow
def test_ctrl_c_ends_the_command_cleanly(
    tmp_path: Path, study_settings: Callable[..., StudySettings]
) -> None:
    folder = StudyFolder.create(tmp_path, "study", "k210")
    folder.write_settings(study_settings())
    command = [sys.executable, "-m", "dse", "dashboard", "--live", "--no-open", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--results", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        # (a shell makes what it starts in the background deaf to Ctrl-C, its children included)
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert _ask(address)[0] == 200
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in said and "dashboard.html" in said
    assert (folder.path / "dashboard.html").exists()
