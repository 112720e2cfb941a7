"""How Vela is asked, with a script in its place."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dse.chips import environments
from dse.chips.ethos_u import vela
from dse.errors import CompilerError
from tests.chips.ethos_u.installed import grove
from tests.chips.ethos_u.report_texts import answer

FAKE = """\
import json, sys
from pathlib import Path
def main(arguments):
    network = Path(arguments[-1]).read_bytes()
    if network == b"bad":
        raise SystemExit("no network")
    if network == b"end":
        import os
        os._exit(3)
    told = Path(arguments[arguments.index("--output-dir") + 1])
    told.mkdir()
    (told / "x_summary_dse.csv").write_text({summary!r})
    (told / "x_per-layer.csv").write_text({layers!r})
    print({printed!r})
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """A Vela that answers as the texts say; the networks that it is asked about."""
    package = tmp_path / "site" / "ethosu" / "vela"
    package.mkdir(parents=True)
    (package / "vela.py").write_text(FAKE.format(**answer()))
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nshift\nPYTHONPATH="{tmp_path / "site"}" exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(vela, "compiler", lambda target: python)
    asked: list[bytes] = []
    ask = vela._Child.ask

    def noted(self: object, content: bytes, target: object) -> dict[str, str]:
        asked.append(content)
        return ask(self, content, target)  # type: ignore[arg-type]

    monkeypatch.setattr(vela._Child, "ask", noted)
    return asked


def test_each_network_is_asked_about_once(log: list[bytes]) -> None:
    found = vela.reports([b"one", b"two", b"one"], grove())
    assert [one.sram_bytes for one in found] == [1536] * 3
    assert sorted(log) == [b"one", b"two"]
    assert vela.reports([b"two"], grove()) == found[:1]
    assert len(log) == 2


def test_another_system_or_version_is_another_question(log: list[bytes]) -> None:
    target = grove()
    vela.reports([b"one"], target)
    vela.reports([b"one"], replace(target, sram_read_latency_cycles=17))
    vela.reports([b"one"], replace(target, optimise="Size"))
    vela.reports([b"one"], replace(target, vela_version="5.1.0"))
    assert len(log) == 4
    vela.reports([b"one"], replace(target, sram_bytes=5, time_factor_high=3.0))  # ours to judge
    assert len(log) == 4


@pytest.mark.parametrize("damaged", ["", "{}", "[]", '{"summary": 3}', "\0"])
def test_a_damaged_answer_is_asked_for_again(
    damaged: str, log: list[bytes], tmp_path: Path
) -> None:
    (report,) = vela.reports([b"one"], grove())
    (kept,) = (tmp_path / "cache").rglob("*.json")
    assert json.loads(kept.read_text())["summary"]
    kept.write_text(damaged)
    assert vela.reports([b"one"], grove()) == [report]
    assert len(log) == 2 and json.loads(kept.read_text())["summary"]


@pytest.mark.parametrize(
    ("network", "words"),
    [(b"bad", "cannot compile it: SystemExit: no network"), (b"end", "code 3")],
)
def test_what_it_does_not_compile_is_told(network: bytes, words: str, log: list[bytes]) -> None:
    with pytest.raises(CompilerError, match=words):
        vela.reports([network], grove())
    assert vela.reports([b"one"], grove())


def test_without_uv_it_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(environments, "_candidates", lambda: iter(()))
    with pytest.raises(CompilerError, match=r"vela 5\.2\.0 is installed with uv") as caught:
        vela.reports([b"one"], grove())
    assert caught.value.hint == "python3 -m pip install uv"


def test_without_a_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\n[ "$1" = pip ] && echo "no route to host" && exit 2; exit 0\n')
    uv.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("UV", str(uv))
    with pytest.raises(CompilerError, match="no route to host") as caught:
        vela.reports([b"one"], grove())
    assert "it takes the network, once" in caught.value.hint
