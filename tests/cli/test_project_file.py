"""Flags that are kept in dse.toml: whose they are, what beats them, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.cli import main
from dse.cli.entry import _parser, _with_project_file
from dse.errors import InvalidFile


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def kept(text: str) -> None:
    Path("dse.toml").write_text(text)


def test_without_the_file_nothing_is_added() -> None:
    assert _with_project_file(["search", "--budget", "3"]) == ["search", "--budget", "3"]


def test_a_command_gets_its_own_flags_and_the_common_ones_that_it_has() -> None:
    kept('results = "/data"\ntarget = "mine.toml"\n[search]\nepochs = 40\nmirror = false\n')
    given = _with_project_file(["search", "--budget", "3"])
    options = _parser(["search"]).parse_args(given)
    assert (options.results, options.target) == (Path("/data"), "mine.toml")
    assert (options.epochs, options.mirror, options.budget) == (40, False, 3)
    assert _with_project_file(["list"]) == ["list", "--results=/data"]


def test_what_is_typed_goes_before() -> None:
    kept('[search]\ndata = "voc:kept"\nresume = true\nwarm-from = ["a", "b"]\n')
    options = _parser(["search"]).parse_args(_with_project_file(["search", "--data", "typed"]))
    assert options.data == "typed" and options.resume and options.warm_from == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[search]\nbudgets = 3\n", "dse search has no flag --budgets"),
        ("colour = 3\n", "no command has a flag --colour"),
        ("[serch]\nbudget = 3\n", r"\[serch\] is no command"),
        ("[rm]\nyes = true\n", r"\[rm\] is no command that takes flags from here"),
        ("[search]\nbudget = [3]\n", "--budget does not take"),
        ("[search]\nresume = 3\n", "--resume does not take"),
        ("[search\n", "dse.toml"),
    ],
)
def test_what_no_flag_takes_is_told(text: str, why: str) -> None:
    kept(text)
    with pytest.raises(InvalidFile, match=why):
        _with_project_file(["search"])
    assert main(["search"]) == 2


def test_nothing_is_removed_unasked_because_of_a_file() -> None:
    kept('yes = true\nresults = "/data"\n')
    assert _with_project_file(["rm", "one"]) == ["rm", "one"]
    assert _with_project_file(["clean"]) == ["clean"]


def test_a_bad_value_is_told_by_the_flag_itself(capsys: pytest.CaptureFixture[str]) -> None:
    kept('[search]\nbudget = "many"\n')
    with pytest.raises(SystemExit):
        main(["search"])
    assert "--budget" in capsys.readouterr().err
