"""Files: the one place that opens what others wrote, writes what must be whole, and words errors.

Reading: regular files only (a pipe or device would hang or never end), and no more bytes than
the reader says is sensible. Writing: a file is there whole or as it was before. Every OSError
becomes a FileError, whose message is a sentence and whose hint says what to do.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dse.errors import FileError

__all__ = [
    "disk_full",
    "file_error",
    "make_folder",
    "open_regular",
    "printable",
    "read_bytes",
    "read_text",
    "remove_folder",
    "reported",
    "temporary_folder",
    "utf8",
    "whole_file",
    "whole_folder",
    "write_whole",
]

MEBIBYTE = 1 << 20

BUFFER_BYTES = 8192
"""Python's own; to name it spares asking the system whether the file is a terminal."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No room; no quota; no file may grow larger (`ulimit -f`)."""


def open_regular(path: Path, most_bytes: int | None = None) -> BinaryIO:
    """The file, opened for reading. Raises FileError for what is missing, closed to us, larger
    than `most_bytes` now (it may grow), or no regular file: a folder, a pipe, a socket, a device
    (links to files are followed)."""
    try:
        # a pipe without a writer must not block the opening
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        found = os.fstat(descriptor)
        is_regular = stat.S_ISREG(found.st_mode)
        if is_regular and (most_bytes is None or found.st_size <= most_bytes):
            return open(descriptor, "rb", BUFFER_BYTES)
    except (OSError, ValueError):
        with reported(path, "read"):  # costs more than the opening, so not around it
            raise
    os.close(descriptor)
    if is_regular and most_bytes is not None:
        raise _too_large(path, most_bytes)
    raise FileError(
        f"{printable(path)}: not a regular file", "name a file, not a folder, pipe or device"
    )


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """The content of a regular file of at most `most_bytes`. Raises FileError."""
    with open_regular(path) as file, reported(path, "read"):
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise _too_large(path, most_bytes)
    return content


def read_text(path: Path, most_bytes: int, *, encoding: str = "utf-8") -> str:
    """The text of a regular file of at most `most_bytes`. Raises FileError, for text of another
    encoding, too."""
    try:
        return read_bytes(path, most_bytes).decode(encoding)
    except UnicodeDecodeError as error:
        raise FileError(
            f"{printable(path)}: not {encoding} text (byte {error.start})", "save it as UTF-8"
        ) from error


def write_whole(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Writes `path` so that a kill at any instant leaves the old file or the new one.

    durable: see `whole_file`. Raises FileError, with the old file untouched.
    """
    with whole_file(path, durable=durable) as file:
        file.write(content if isinstance(content, bytes) else _encoded(content, path))


@contextmanager
def whole_file(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write to that becomes `path` when the block ends well, and is gone otherwise.

    durable: wait for the disk, so that a power cut leaves an old or new file, too. That takes
    milliseconds a file: without, for what is only kept to save time and is made again when it is
    damaged. Raises FileError for whatever the system refuses, with the old file untouched.
    """
    import tempfile  # here: it takes longer than all other imports of a light command together

    with reported(path, "written"):
        # the process and not the file names it: a name of 255 bytes has no room for more
        descriptor, unfinished = tempfile.mkstemp(prefix=_beside(), dir=path.parent)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.chmod(unfinished, _mode_of(path))
            os.replace(unfinished, path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A new folder to fill that becomes `path` when the block ends well, and is gone otherwise.

    An older folder `path` is there until then, and gone afterwards. Raises FileError.
    """
    with temporary_folder(_beside(), path.parent) as scratch, reported(path, "written"):
        fresh = scratch / "new"
        fresh.mkdir()
        yield fresh
        if path.exists():
            os.rename(path, scratch / "old")
        os.rename(fresh, path)


def remove_folder(path: Path) -> None:
    """Removes a folder with all in it: whole in one instant, so that a kill leaves no half of it
    under its name. Raises FileError."""
    import shutil
    import tempfile

    with reported(path, "removed"):
        scratch = Path(tempfile.mkdtemp(prefix=_beside(), dir=path.parent))
        try:
            os.rename(path, scratch / "old")
        finally:
            shutil.rmtree(scratch)


def make_folder(path: Path) -> Path:
    """`path`, which is a folder afterwards, its parents too. Raises FileError."""
    with reported(path, "made a folder"):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def temporary_folder(prefix: str, where: Path | None = None) -> Iterator[Path]:
    """A new folder, gone with all in it when the block ends. Raises FileError.

    where: the folder to make it in; default the system's ($TMPDIR).
    """
    import tempfile

    where = where or _temporary()
    with reported(where, "used for temporary files"):
        folder = tempfile.TemporaryDirectory(prefix=prefix, dir=where, ignore_cleanup_errors=True)
    with folder as name:
        yield Path(name)


@contextmanager
def reported(path: Path, done: str) -> Iterator[None]:
    """Turns an OSError inside the block into a FileError: "PATH cannot be `done`: why"."""
    try:
        yield
    except OSError as error:
        raise file_error(error, path, done) from error
    except ValueError as error:
        if "null byte" not in str(error):  # the one reason for which Python itself refuses a path
            raise
        raise FileError(f"{printable(path)} cannot be {done}: no file has such a name") from error


def file_error(error: OSError, path: Path | None = None, done: str = "used") -> FileError:
    """`error` as a sentence with a hint. path: of which file; default the one `error` names."""
    name = path if path is not None else error.filename
    why = error.strerror or str(error) or type(error).__name__
    subject = "a file" if name is None else printable(name)
    return FileError(f"{subject} cannot be {done}: {why}", _hint(error))


def disk_full(error: BaseException) -> bool:
    """Whether `error`, or what caused it, is a full disk, or a used-up quota or file size."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _FULL:
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def printable(text: object) -> str:
    """`text` (a name from a file or an archive) on one line and without control characters, so
    that it can move no cursor and fake no message; what has no character becomes an escape."""
    whole = str(text)
    if whole.isprintable():  # nearly all are, and a data set has thousands
        return whole
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode()
        for one in whole
    )


def _too_large(path: Path, most_bytes: int) -> FileError:
    return FileError(
        f"{printable(path)}: larger than {most_bytes / MEBIBYTE:g} MiB",
        "no such file is that large: is it the right one?",
    )


def utf8(text: str) -> bytes:
    """`text` for a file that people read: bytes of a name that are no text become escapes, which
    JSON reads back, too."""
    return text.encode(errors="backslashreplace")


def _temporary() -> Path:
    """The system's folder for temporary files; the first of $TMPDIR, /tmp and others that
    takes one. Raises FileError where none does."""
    import tempfile

    try:
        return Path(tempfile.gettempdir())
    except OSError as error:
        raise FileError(
            "no folder for temporary files takes any",
            "make room in /tmp, or name a folder that can be written in TMPDIR",
        ) from error


def _beside() -> str:
    """How the names of unfinished files begin: hidden, and told apart by process."""
    return f".dse-{os.getpid()}-"


def _encoded(content: str, path: Path) -> bytes:
    try:
        return content.encode()
    except UnicodeEncodeError as error:  # Python's stand-in for bytes of a name that are no text
        raise FileError(
            f"{printable(path)} cannot be written: it would hold a name that is not UTF-8, "
            f"{printable(content[max(0, error.start - 20) : error.end])}",
            "give that file or folder another name",
        ) from error


def _hint(error: OSError) -> str:
    if error.errno in _FULL:
        return "make room on that disk, or name another place"
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return "check the permissions, or name another place"
    if isinstance(error, FileNotFoundError):
        return "check the path"
    if isinstance(error, (IsADirectoryError, NotADirectoryError, FileExistsError)):
        return "a folder is where a file should be, or a file where a folder should be"
    if error.errno == errno.ENAMETOOLONG:
        return "give a shorter name"
    return ""


def _mode_of(path: Path) -> int:
    """The permissions that a new `path` has: the old file's, else those the process gives."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
