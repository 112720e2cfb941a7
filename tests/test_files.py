"""One place reads what others wrote, writes what must be whole, and words what the system says."""

from __future__ import annotations

import os
import resource
import socket
from pathlib import Path

import pytest

from dse.errors import FileError
from dse.files import (
    disk_full,
    printable,
    read_bytes,
    read_text,
    temporary_folder,
    whole_file,
    write_whole,
)


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert read_bytes(tmp_path / "a", 3) == b"abc"


def test_a_larger_file_is_refused_with_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abcd")
    with pytest.raises(FileError, match="larger than"):
        read_bytes(tmp_path / "a", 3)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
            with pytest.raises(FileError, match="not a regular file"):
                read_bytes(path, 10)
        with pytest.raises(FileError, match="cannot be read"):
            read_bytes(tmp_path / "socket", 10)


def test_a_link_to_a_file_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read_bytes(tmp_path / "link", 10) == b"abc"


@pytest.mark.parametrize("name", ["missing", "x" * 300, "nul\0"], ids=["missing", "long", "nul"])
def test_a_name_that_opens_nothing_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read_bytes(tmp_path / name, 10)


def test_text_of_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("é".encode("latin-1"))
    with pytest.raises(FileError, match="not utf-8 text"):
        read_text(tmp_path / "a", 10)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_whole(path, "old")
    with pytest.raises(RuntimeError), whole_file(path) as file:
        file.write(b"new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_a_name_of_the_longest_kind_can_be_written(tmp_path: Path) -> None:
    write_whole(tmp_path / ("x" * 255), "content")
    assert (tmp_path / ("x" * 255)).read_text() == "content"


def test_writing_keeps_the_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_whole(path, "old")
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    path.chmod(0o600)
    write_whole(path, "new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_in_the_way_is_said_and_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(FileError, match="cannot be written") as caught:
        write_whole(tmp_path / "a", "content")
    assert "folder" in caught.value.hint
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(FileError, match="too large") as caught:
            write_whole(tmp_path / "a", "x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert disk_full(caught.value)
    assert caught.value.hint
    assert (tmp_path / "a").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_a_temporary_folder_is_gone_afterwards() -> None:
    with temporary_folder("dse-test-") as folder:
        (folder / "a").write_text("a")
    assert not folder.exists()


def test_a_temporary_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be used"), temporary_folder("x", tmp_path / "no"):
        pass


def test_names_move_no_cursor() -> None:
    assert printable("a\x1b[2Jb\nc\udce9") == "a\\x1b[2Jb\\nc\\udce9"
    assert printable("schön 猫") == "schön 猫"
