"""The examples of every command's help are what the command takes."""

from __future__ import annotations

import pytest

from dse.cli import main
from dse.cli.commands import COMMANDS
from dse.cli.entry import _parser
from dse.cli.examples import EXAMPLES, examples_of


def test_every_command_has_examples() -> None:
    assert tuple(EXAMPLES) == COMMANDS


@pytest.mark.parametrize("line", [one for lines in EXAMPLES.values() for one in lines])
def test_an_example_is_what_its_command_takes(line: str) -> None:
    words = line.split()
    options = _parser(words[:1]).parse_args(words)
    assert line in EXAMPLES[options.command]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_the_examples_in_their_lines(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([name, "--help"])
    assert capsys.readouterr().out.endswith(examples_of(name) + "\n")
