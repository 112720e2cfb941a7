"""One place reads what others wrote, writes what must be whole, and words what the system says."""

from __future__ import annotations

import errno
import json
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dse.errors import FileError
from dse.files import (
    disk_full,
    make_folder,
    printable,
    read_bytes,
    read_text,
    remove_folder,
    temporary_folder,
    utf8,
    whole_file,
    whole_folder,
    write_whole,
)
from tests.process_limits import no_file_larger_than


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
    with no_file_larger_than(1000), pytest.raises(FileError, match="too large") as caught:
        write_whole(tmp_path / "a", "x" * 10_000)
    assert disk_full(caught.value)
    assert caught.value.hint
    assert (tmp_path / "a").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["x" * 256, "no/a", "file/a", "nul\0"])
def test_a_place_where_nothing_can_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(FileError, match="cannot be written"):
        write_whole(tmp_path / name, "content")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("call", ["replace", "fsync", "chmod"])
@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.EACCES])
def test_whatever_fails_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    write_whole(tmp_path / "a", "old")
    with monkeypatch.context() as patch, pytest.raises(FileError, match=os.strerror(number)):
        patch.setattr(os, call, refuse)
        write_whole(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_a_file_is_on_the_disk_before_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)

        def noted(*arguments: Any, name: str = name, real: Callable[..., Any] = real) -> None:
            calls.append(name)
            real(*arguments)

        monkeypatch.setattr(os, name, noted)
    write_whole(tmp_path / "a", "content")
    assert calls == ["fsync", "replace"]
    write_whole(tmp_path / "a", "kept to save time", durable=False)
    assert calls == ["fsync", "replace", "replace"]


def test_text_that_holds_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"not UTF-8, .*caf\\udce9") as caught:
        write_whole(tmp_path / "a", "pictures = '/data/caf\udce9'")
    assert "another name" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_text_for_people_may_hold_it_as_an_escape() -> None:
    assert utf8("schön caf\udce9") == "schön caf\\udce9".encode()
    assert json.loads(utf8(json.dumps("caf\udce9", ensure_ascii=False))) == "caf\udce9"


def test_a_folder_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    with whole_folder(path) as fresh:
        (fresh / "a").write_text("old")
        assert not path.exists()
    with pytest.raises(RuntimeError), whole_folder(path) as fresh:
        (fresh / "a").write_text("new")
        raise RuntimeError
    assert (path / "a").read_text() == "old"
    with whole_folder(path) as fresh:
        (fresh / "b").write_text("new")
    assert [one.name for one in path.iterdir()] == ["b"]
    assert [one for one in tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("name", ["x" * 256, "no/a", "file/a"])
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(FileError, match="cannot be"), whole_folder(tmp_path / name):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_folders_are_made_with_their_parents(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("old")
    for name in ("file", "file/a", "x" * 256):
        with pytest.raises(FileError, match="cannot be made a folder"):
            make_folder(tmp_path / name)


def test_a_temporary_folder_is_gone_afterwards() -> None:
    with temporary_folder("dse-test-") as folder:
        (folder / "a").write_text("a")
    assert not folder.exists()


def test_a_temporary_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be used"), temporary_folder("x", tmp_path / "no"):
        pass


def test_no_folder_for_temporary_files_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    with (
        no_file_larger_than(0),
        pytest.raises(FileError, match="no folder for temporary") as caught,
        temporary_folder("x"),
    ):
        pass
    assert "TMPDIR" in caught.value.hint


def test_names_move_no_cursor() -> None:
    assert printable("a\x1b[2Jb\nc\udce9") == "a\\x1b[2Jb\\nc\\udce9"
    assert printable("schön 猫") == "schön 猫"


def test_a_folder_is_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "old" / "inner").mkdir(parents=True)
    (tmp_path / "old" / "inner" / "link").symlink_to(tmp_path / "kept")
    remove_folder(tmp_path / "old")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept"]
    assert (tmp_path / "kept" / "file").exists()
    with pytest.raises(FileError, match="old cannot be removed"):
        remove_folder(tmp_path / "old")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept"]
