from __future__ import annotations

from pathlib import Path

import pytest

from dse.chips import load_target
from dse.chips.ethos_u.target import EthosUTarget
from dse.chips.profiles import known_firmwares
from dse.errors import InvalidFile, UsageError
from dse.resources import names

OURS = [one for one in map(load_target, names("constraints")) if one.chip == "ethos_u"]


@pytest.mark.parametrize("target", OURS, ids=lambda target: target.name)
def test_every_shipped_target_says_what_vela_must_know(target: EthosUTarget) -> None:
    assert target.toolchain == f"Vela {target.vela_version}"
    assert f"core_clock={target.npu_clock_hz}" in target.system
    assert target.options[:2] == ("--accelerator-config", target.accelerator)
    assert 0 < target.time_factor_low <= 1 <= target.time_factor_high


def test_a_board_is_known_by_its_firmware_and_a_bare_accelerator_is_not() -> None:
    ours = {one.target for one in known_firmwares()} & {target.name for target in OURS}
    assert ours == {"grove-vision-ai-v2"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('accelerator = "ethos-u55-65"', "must be one of ethos-u55-32"),
        ('optimise = "Speed"', "must be one of Performance, Size"),
        ('vela_version = "5.2"', "a version such as 5.2.0"),
        ('vela_version = "5.2.0; rm"', "a version such as 5.2.0"),
        ("npu_clock_hz = 0", "above zero"),
        ("kpu_clock_hz = 5", "unknown key 'kpu_clock_hz'"),
    ],
)
def test_what_vela_does_not_know_is_refused(line: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "ethos-u55-256"\n{line}\n')
    with pytest.raises(InvalidFile, match=words):
        load_target(str(path))


def test_another_chips_target_is_refused() -> None:
    with pytest.raises(UsageError, match="no target of an Ethos-U"):
        EthosUTarget.own(load_target("k210"))
