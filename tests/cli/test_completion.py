"""Shells can read what is printed, and it knows every command."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from dse.cli import main
from dse.cli.commands import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_is_one_and_names_every_command(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS)
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True).returncode == 0


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_bash_completes_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["completion", "bash"])
    script = capsys.readouterr().out
    asked = (
        script + '\nCOMP_WORDS=(dse exp); COMP_CWORD=1; eval "$(complete -p dse | sed '
        '\'s/.*-F \\([^ ]*\\) .*/\\1/\')" dse exp dse; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True)
    assert set(done.stdout.split()) == {"export", "explain"}
