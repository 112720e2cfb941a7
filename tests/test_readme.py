"""What the README says to type fits where it says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dse.chips import check, load_target
from dse.cli.entry import whole_parser

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^(?:python3 -m uv|uv|~/\S*uv) run dse (.+)$", README, re.M)))
EXPORTED = re.findall(r"dse export (\S+-\d+) --target (\S+)$", README, re.M)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_is_one(line: str) -> None:
    words = line.split()
    assert whole_parser().parse_args(words).command == words[0]


@pytest.mark.parametrize(("design", "target"), EXPORTED)
def test_what_the_readme_exports_fits(design: str, target: str) -> None:
    assert check(design, load_target(target)).fits


def test_the_readme_has_commands_to_look_at() -> None:
    assert len(COMMANDS) >= 5 and EXPORTED
