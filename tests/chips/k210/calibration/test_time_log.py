"""A log file is read as a whole, or refused with its line; never anything else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse import resources
from dse.chips.k210.calibration.measurement import NetworkTime
from dse.chips.k210.calibration.time_log import MOST_TIMES, read_log
from dse.chips.k210.target import K210Target
from dse.errors import FileError, InvalidFile

TARGET = K210Target.load("k210")


def log(folder: Path, content: str | bytes) -> Path:
    path = folder / "board.log"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_shipped_times_are_a_log() -> None:
    found = read_log(resources.folder("constraints") / "k210_times.csv", TARGET)
    assert sum(one.fitted for one in found.times) == 35


def test_pictures_of_one_network_become_their_median(tmp_path: Path) -> None:
    lines = ["network=P8-a1-256", *(f"run_ms={ms}" for ms in (7.0, 7.2, 90.0)), "kpu_mhz=300"]
    first, second = read_log(log(tmp_path, "\r\n".join([*lines, "run_ms=9"])), TARGET).times
    assert (first.ms, first.count, second.ms, second.count) == (7.2, 3, 9.0, 1)


def test_json_lines(tmp_path: Path) -> None:
    text = '# mine\n{"network": "P8-a1-256", "ms": 7}\n\n{"network": "A63-a0.35-128", "ms": 14}'
    times = read_log(log(tmp_path, text), TARGET).times
    assert [(one.name, one.ms) for one in times] == [("P8-a1-256", 7), ("A63-a0.35-128", 14)]


def test_a_tflite_file_lies_beside_its_log(tmp_path: Path) -> None:
    path = log(tmp_path, "network=mine.tflite run_ms=7")
    (tmp_path / "mine.tflite").write_bytes(b"none")
    with pytest.raises(InvalidFile, match=r"board\.log:1: .*mine\.tflite"):
        read_log(path, TARGET)


def test_the_network_may_come_from_outside(tmp_path: Path) -> None:
    (one,) = read_log(log(tmp_path, "run_ms=7"), TARGET, "P8-a1-256").times
    assert isinstance(one, NetworkTime)


@pytest.mark.parametrize(
    "content",
    ["", "hello", "ops,ms\n", "# only\n", "network=P8-a1-256", b"\xff\xfe\0\0", "\n\n\n",
     "ops,height,width,input_channels,output_channels,ms\nconcat,4,4,4,4,1"],
)  # fmt: skip
def test_nothing_to_fit_to_is_said(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(InvalidFile, match="no time in it"):
        read_log(log(tmp_path, content), TARGET)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.log"):
        with pytest.raises(FileError):
            read_log(path, TARGET)


FRAGMENTS = st.one_of(
    st.sampled_from(
        [
            "network=P8-a1-256", "network=", "run_ms=7.1", "run_ms=", "kpu_mhz=0", "runtime=1.9",
            "cpu_mhz=400", "KPUConv2D: 0.5ms", "KPUConv2D: ms", "Dequantize: 1e9ms", "Total: 3ms",
            "DMA upload took 3 us", "layer 1 [K210Conv]: 0.2 ms", "Model: 1 ms", "|total |",
            "|tensor_call |3 |", "|tensor_pad |x |", "run kmodel takes 3 ms", "network,ms",
            "P8-a1-256,7", "ops,height,width,input_channels,output_channels,ms",
            "kpu_conv,4,4,4,4,1", '{"network": "P8-a1-256", "ms": 7}', '{"ms": 1', "#", '"',
        ]
    ),
    st.text(max_size=30),
)  # fmt: skip


@pytest.mark.slow
@given(st.lists(st.lists(FRAGMENTS, max_size=3).map(" ".join), max_size=8))
def test_any_text_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = log(tmp_path_factory.getbasetemp(), "\n".join(lines).encode("utf-8", "surrogatepass"))
    try:
        found = read_log(path, TARGET)
    except InvalidFile as error:
        assert "board.log" in str(error)
    else:
        assert all(one.ms > 0 for one in found.times)
        assert all(1 <= line <= len("\n".join(lines).split("\n")) for line in found.ignored)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = log(tmp_path_factory.getbasetemp(), content)
    with pytest.raises(InvalidFile):
        read_log(path, TARGET)


@given(st.integers(0, 3), st.sampled_from(["run_ms=x", "cpu_mhz=-1", "network=none run_ms=1"]))
def test_the_bad_line_is_named(
    tmp_path_factory: pytest.TempPathFactory, place: int, bad: str
) -> None:
    lines = ["network=P8-a1-256", "run_ms=7", "boot"]
    lines.insert(place, bad)
    path = log(tmp_path_factory.getbasetemp(), "\n".join(lines))
    with pytest.raises(InvalidFile, match=rf"board\.log:{place + 1}: "):
        read_log(path, TARGET)


DIGITS = "9" * 5000
HEADER = "ops,height,width,input_channels,output_channels,ms\n"


@pytest.mark.parametrize(
    "content",
    [f"network=P8-a1-256\nrun_ms={ms}\n" for ms in ("inf", "nan", "1e308", "1e-308", "-1", DIGITS)]
    + [HEADER + f"kpu_conv,{side},4,4,4,1\n" for side in ("-1", "0", DIGITS, "1e3", "65537")]
    + [f"network=P8-a1-256 kpu_mhz={DIGITS}\nrun_ms=3\n"]
    + ['{"network": "P8-a1-256", "ms": ' + DIGITS + "}", '{"a": ' * 100_000],
)
def test_numbers_that_no_board_prints_are_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(InvalidFile, match=r"board\.log:\d") as caught:
        read_log(log(tmp_path, content), TARGET)
    assert len(str(caught.value)) < 300


def test_what_a_log_names_moves_no_cursor(tmp_path: Path) -> None:
    header, row = HEADER.strip() + ",source\n", "kpu_conv,4,4,4,4,1,\x1b[31mred\n"
    found = read_log(log(tmp_path, header + row), TARGET)
    assert [one.source for one in found.times] == ["\\x1b[31mred"]
    for content in ("network=\x1b[31m\nrun_ms=3\n", header + row.replace("kpu_conv", "\x1b[2J")):
        with pytest.raises(InvalidFile) as caught:
            read_log(log(tmp_path, content), TARGET)
        assert str(caught.value).isprintable()


def test_more_times_than_a_fit_has_patience_for_are_refused(tmp_path: Path) -> None:
    header, row, *_ = (
        line
        for line in (resources.folder("constraints") / "k210_times.csv").read_text().splitlines()
        if line and not line.startswith("#")
    )
    lines = "\n".join([header, *[row] * (MOST_TIMES + 1)])
    with pytest.raises(InvalidFile, match="1,001 times, more than 1,000"):
        read_log(log(tmp_path, lines), TARGET)


def test_a_pipe_or_an_endless_file_is_no_log(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(FileError, match="not a regular file"):
            read_log(path, TARGET)
