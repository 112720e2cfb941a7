"""Targets: the shipped ones, a user's own, and files that are wrong."""

import os
from dataclasses import asdict
from pathlib import Path

import pytest

from dse import resources
from dse.chips import load_target
from dse.chips.k210.target import K210Target
from dse.chips.profiles import known_firmwares, target_of_table
from dse.errors import FileError, InvalidFile, UnknownName, UsageError

SHIPPED = [load_target(name) for name in resources.names("constraints")]
K210S = [target.name for target in SHIPPED if target.chip == "k210"]


@pytest.mark.parametrize("name", K210S)
def test_every_shipped_target_loads(name: str) -> None:
    target = K210Target.load(name)
    assert target.name == name
    assert 0 < target.model_memory_bytes <= target.main_memory_bytes
    assert (target.kpu_memory_bytes == 2 * 1024**2) == (name != "unlimited")


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("k210", "sdk"), ("k210-sdk", "sdk"), ("k210-canmv", "canmv"), ("k210-canmv-v5", "canmv"),
        ("k210-maixpy-full", "maixpy"), ("k210-maixpy-minimum", "maixpy"),
        ("k210-m5stickv", "maixpy"),
    ],
)  # fmt: skip
def test_a_firmware_has_its_program(name: str, program: str) -> None:
    assert K210Target.load(name).board_program == program


def test_every_firmware_says_how_to_tell_it() -> None:
    found = {one.target: one for one in known_firmwares()}
    assert {"k210", "unlimited"}.isdisjoint(found)
    for name in set(K210S) - {"k210", "unlimited"}:
        target = K210Target.load(name)
        assert found[name].title == target.title
        for version in target.kmodel_versions_loaded:
            assert str(version) in found[name].loads
    said = [one.recognised_by for one in found.values()]
    assert len(set(said)) == len(said)


def test_m5stickv_has_both_versions_and_its_own_start() -> None:
    stick = K210Target.load("k210-m5stickv")
    assert stick.kmodel_versions_written == stick.kmodel_versions_loaded == (3, 4)
    assert stick.firmware is not None and "M5StickV" in stick.firmware.recognised_by


def test_a_target_of_an_older_study_has_the_program_of_then() -> None:
    table = asdict(K210Target.load("k210-canmv"))
    del table["board_program"]
    target = target_of_table(table)
    assert isinstance(target, K210Target) and target.board_program == "sdk"


def test_a_target_of_an_older_study_wrote_one_version() -> None:
    table = asdict(K210Target.load("k210-maixpy-full"))
    del table["kmodel_versions_written"], table["kmodel_3_results_by_dma"]
    table |= {"kmodel_version_written": 4, "cpu_cycles_per_looked_up_byte": [5, 10, 20]}
    target = target_of_table(table)
    assert isinstance(target, K210Target)
    assert (target.kmodel_versions_written, target.kmodel_3_results_by_dma) == ((4,), True)


@pytest.mark.parametrize("name", K210S)
def test_a_firmware_loads_what_is_written_for_it(name: str) -> None:
    target = K210Target.load(name)
    assert set(target.kmodel_versions_written) <= set(target.kmodel_versions_loaded)


def test_every_value_has_its_source_beside_it() -> None:
    """In every file each number stands in a line with a comment."""
    for name in resources.names("constraints"):
        text = (resources.folder("constraints") / f"{name}.toml").read_text()
        for line in text.splitlines():
            if "=" in line and not line.startswith(("#", "title", "extends", "chip ")):
                assert "#" in line, f"{name}: {line}"


def test_a_profile_keeps_what_it_does_not_replace() -> None:
    chip, firmware = K210Target.load("k210"), K210Target.load("k210-maixpy-full")
    assert firmware.firmware_bytes > chip.firmware_bytes
    assert firmware.kpu_clock_hz == chip.kpu_clock_hz
    assert hash(chip) != hash(firmware)


def test_a_file_of_the_users_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "k210"\nmain_memory_bytes = 1000000\n')
    target = K210Target.load(str(path))
    assert (target.name, target.main_memory_bytes) == ("mine", 1_000_000)


def test_unknown_names_are_guessed_at() -> None:
    with pytest.raises(UnknownName, match=r"unknown target 'k21O'. Did you mean 'k210'\?"):
        load_target("k21O")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kpu_memory_bytes = ", "Invalid value"),
        ('extends = "k210"\nkpu_memory = 3\n', ":2: unknown key 'kpu_memory'"),
        ('extends = "k210"\nkpu_memory_bytes = "2 MB"\n', ":2: 'kpu_memory_bytes' must be a whole"),
        ('extends = "k210"\nkpu_memory_bytes = -1\n', "zero or more, not -1"),
        ('extends = "k210"\nkpu_memory_bytes = true\n', "whole number"),
        ('extends = "k210"\nchip_power_w = "much"\n', "must be a number"),
        ('extends = "k210"\nkmodel_versions_loaded = [3, "4"]\n', "whole numbers"),
        ('extends = "k210"\nkmodel_versions_written = []\n', "some of 3, 4, 5, the preferred one"),
        ('extends = "k210"\nkmodel_versions_written = [3, 6]\n', ":2: 'kmodel_versions_written'"),
        ('extends = "k210"\ninterleaved = 1\n', "true or false"),
        ('extends = "k210"\nboard_program = "arduino"\n', ":2: 'board_program' must be one of"),
        ('extends = "k210"\ncpu_cycles_per_mac = 3\n', "[lowest, likely, highest]"),
        ('extends = "k210"\ncpu_cycles_per_mac = [3, 2, 4]\n', "[lowest, likely, highest]"),
        ('extends = "k210"\ncpu_cycles_per_mac = [3, 4]\n', "[lowest, likely, highest]"),
        ("extends = 3\n", "must be the name of a target"),
        ('extends = "k210"\nchip_power_w = inf\n', ":2: 'chip_power_w' must be a number between"),
        ('extends = "k210"\nchip_power_w = nan\n', ":2: 'chip_power_w' must be a number between"),
        (f'extends = "k210"\nkpu_memory_bytes = 0x{"f" * 9000}\n', ":2: 'kpu_memory_bytes' must"),
        (f'extends = "k210"\nkpu_memory_bytes = {"9" * 5000}\n', "not TOML"),
        ('extends = "k210"\nkpu_clock_hz = 0\n', ":2: 'kpu_clock_hz' must be above zero"),
        ('extends = "k210"\ncpu_cycles_per_mac = [[1], 2, 3]\n', "[lowest, likely, highest]"),
        ('extends = "k210"\ntitle = "\\u001b[31m"\n', "must be a line of text"),
        ('extends = "k210"\ntitle = 1979-05-27\n', "must be a line of text"),
        ('extends = "k210"\nname = "x"\n', ":2: unknown key 'name'"),
        (f'extends = "{"x" * 5000}"\n', "unknown target"),
        ("kpu_memory_bytes = 3\n", "'title' is missing"),
    ],
)
def test_wrong_files_say_where_and_why(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        load_target(str(path))
    assert words in str(error.value)
    assert "wrong.toml" in str(error.value) or isinstance(error.value, UnknownName)
    assert len(str(error.value)) < 500 and str(error.value).isprintable()


def test_the_key_that_took_the_place_of_an_older_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "older.toml"
    path.write_text('extends = "k210"\nkmodel_version_written = 4\n')
    with pytest.raises(InvalidFile, match="unknown key 'kmodel_version_written'") as caught:
        load_target(str(path))
    assert caught.value.hint == "write kmodel_versions_written = [...], a list, in its place"


def test_a_file_that_extends_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "loop.toml"
    path.write_text('extends = "loop.toml"\n')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidFile, match="extends itself"):
        load_target("loop.toml")


def test_files_that_extend_one_another_without_end(tmp_path: Path) -> None:
    for number in range(50):
        text = f'extends = "{tmp_path}/{number + 1}.toml"\n'
        (tmp_path / f"{number}.toml").write_text(text)
    with pytest.raises(InvalidFile, match="extends itself"):
        load_target(str(tmp_path / "0.toml"))


def test_a_pipe_or_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    with pytest.raises(FileError, match="not a regular file"):
        load_target(str(pipe))
    for name in ("x" * 5000 + ".toml", "\0.toml"):
        with pytest.raises(UnknownName):
            K210Target.load(name)
