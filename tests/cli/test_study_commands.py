"""`dse list`, `show`, `rm`, `clean`: what they print, and what they leave alone."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from dse.cli.entry import main
from dse.study.folder import StudyFolder


class _Person(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def results(searched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(searched / "results", tmp_path / "results"))


def _dse(results: Path, *arguments: str) -> int:
    return main([*arguments, "--results", str(results)])


def test_studies_are_listed(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _dse(results, "list") == 0
    header, line = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["study", "target", "data"]
    assert line.startswith("whole ")
    assert _dse(results, "list", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["study"], told["trained"], told["searching"]) == ("whole", 8, False)


def test_a_broken_study_is_named_beside_the_others(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "broken").mkdir()
    (results / "broken" / "study.toml").write_text("budget = = 3")
    assert _dse(results, "list") == 2
    out, err = capsys.readouterr()
    assert "whole" in out and "broken/study.toml" in err


def test_no_study_says_what_makes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _dse(tmp_path, "list") == 0
    assert "dse search" in capsys.readouterr().err


def test_a_study_is_shown(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _dse(results, "show", "whole") == 0
    out = capsys.readouterr().out
    assert "k210" in out and "8 trained" in out and "runs on chip" in out
    assert _dse(results, "show", "whole", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["report"]["front"] and told["made_by"]["search"].startswith("budget 99")


def test_removing_asks(
    results: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert _dse(results, "rm", "whole") == 2
    assert "--yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", _Person("\n"))
    assert _dse(results, "rm", "whole") == 1
    assert (results / "whole" / "study.toml").exists()
    monkeypatch.setattr("sys.stdin", _Person("y\n"))
    assert _dse(results, "rm", "whole") == 0
    assert not (results / "whole").exists()


def test_removing_says_what_is_gone(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _dse(results, "rm", "whole", "hole", "--yes") == 2
    assert (results / "whole").exists()
    with StudyFolder.open(results / "whole").lock():
        assert _dse(results, "rm", "whole", "--yes") == 1
    assert "is being written" in capsys.readouterr().err and (results / "whole").exists()
    assert _dse(results, "rm", "whole", "--yes", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["removed"] == ["whole"] and told["freed_bytes"] > 1000
    assert not (results / "whole").exists()


def test_a_cache_is_told_before_it_is_freed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DSE_CACHE", raising=False)
    file = tmp_path / ".cache" / "features" / "0123456789abcdef0123" / "block.npy"
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(2048))
    assert _dse(tmp_path, "clean") == 0
    out, err = capsys.readouterr()
    assert "2 KiB" in out and "--yes" in err and file.exists()
    assert _dse(tmp_path, "clean", "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == 2048
    assert not file.exists()
