"""How a fuzzed file of each format differs from a sound one, and files made to exhaust a reader."""

from __future__ import annotations

import functools
import io
import pickle
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePath

from fuzz_bundles import deep_kmodel, header_bytes
from fuzz_changes import bits, bytes_of, json_lines_of, json_of, numbers, text_of, toml_of
from fuzz_seeds import encoded, foreign

from dse.chips.k210.kmodel.buffered import read_buffered

__all__ = ["changed_file"]

Change = Callable[[bytes, random.Random], bytes]

BOMB_SHARE = 0.04
BYTES_SHARE = 0.15
"""Of the cases of a text: those in which it is taken for any bytes."""

OLD_HEAD_BYTES, RECORD_BYTES, OPERATION_SHARE = 200, 160, 0.75
"""Of a kmodel of version 3 or 4: its headers; an operation's arguments, with a layer's registers;
and the cases in which these are changed."""

BOMB_BYTES = 64 << 20
"""What a zip bomb unpacks to."""

LAUGHS = 9
"""Levels of ten references each: a billion of them."""


def changed_file(name: str, content: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    """The content of file `name`, changed as its kind suggests. others: pieces come from them."""
    suffix = PurePath(name).suffix.lower()
    bombs = BOMBS.get(suffix, ())
    if bombs and dice.random() < BOMB_SHARE:
        return dice.choice(bombs)(dice)
    change: Change | None = CHANGES.get(PurePath(name).name) or CHANGES.get(suffix)
    if change is None or dice.random() < BYTES_SHARE:
        return bytes_of(content, dice, others)
    return change(content, dice)


def _picture(content: bytes, dice: random.Random) -> bytes:
    """Another format under the same name, lying headers, or noise."""
    kind = dice.random()
    if kind < 0.1:
        return dice.choice(foreign())
    if kind < 0.15:
        return encoded(dice.choice(("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM")))
    if kind < 0.35 and content.startswith(b"\x89PNG"):
        return _png(content, dice)
    if kind < 0.45 and content.startswith(b"P"):
        return text_of(content[:12], dice) + content[12:]
    head = dice.choice((None, 32, 128, 512))
    return bytes_of(content, dice, [content, *foreign()], head and min(head, len(content)))


def _png(content: bytes, dice: random.Random) -> bytes:
    """A chunk changed, repeated or swollen, with a checksum that is right again."""
    chunks, place = [], 8
    while place < len(content):
        (size,) = struct.unpack_from(">I", content, place)
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + size]))
        place += 12 + size
    index = dice.randrange(len(chunks))
    kind, body = chunks[index]
    if kind == b"IHDR" and dice.random() < 0.7:
        sides = dice.choices((0, 1, 40, 20_000, 60_000, 1 << 30, (1 << 32) - 1), k=2)
        body = struct.pack(">II", *sides) + body[8:]
    elif dice.random() < 0.3:
        body, kind = b"a\0\0" + _zeros(), dice.choice((b"zTXt", b"iCCP"))
    else:
        body = bytes_of(body, dice, [content])
    chunks[index : index + 1] = [(kind, body)] * dice.choice((1, 1, 2, 1000))
    return content[:8] + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


@functools.cache
def _zeros() -> bytes:
    return zlib.compress(bytes(BOMB_BYTES), 9)


def _archive(content: bytes, dice: random.Random) -> bytes:
    """A zip of arrays with other entries: lying heads, pickles, what grows, odd names."""
    if dice.random() < BOMB_SHARE / 4:
        return _archive_bomb()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist()]
    index = dice.randrange(len(entries))
    name, body = entries[index]
    kinds: tuple[Callable[[], tuple[str, bytes]], ...] = (
        lambda: (name, _array_head(body, dice)),
        lambda: (name, bytes_of(body, dice, [content], 128)),
        lambda: (name, _pickled()),
        lambda: (dice.choice(("../x.npy", "x" * 60_000, "a\n\x1b[2J.npy", "", "b")), body),
    )
    entries[index] = dice.choices(kinds, weights=(5, 3, 1, 2))[0]()
    entries += entries[:1] * dice.choice((0, 0, 0, 1, 100))
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", dice.choice(methods)) as archive:
        for number, (name, body) in enumerate(entries):
            unique = name if number < 3 else f"{number}{name[:100]}"
            archive.writestr(zipfile.ZipInfo(unique), body, dice.choice(methods))
    return written.getvalue()


@functools.cache
def _archive_bomb() -> bytes:
    """An array of zeros that takes a thousand times the file's bytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        body = _head("<f4", f"({BOMB_BYTES // 4},)") + bytes(BOMB_BYTES)
        archive.writestr(zipfile.ZipInfo("a.npy"), body, zipfile.ZIP_DEFLATED, 9)
    return written.getvalue()


def _array_head(body: bytes, dice: random.Random) -> bytes:
    """An array that says to be of another type, shape or order."""
    kind = dice.choice(("<f4", ">f8", "|O", "|S1", "<U9999999", "<M8[ns]", "c16", "V0", "f4,i2"))
    shape = dice.choice(
        ("()", "(3,)", "(-1,)", f"({10**12},)", "(99999,99999)", f"({'9' * 5000},)")
    )
    return _head(kind, shape) + body[128:]


def _head(kind: str, shape: str) -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text


def _pickled() -> bytes:
    return _head("|O", "(1,)") + pickle.dumps(["what was a program"])


def _network(content: bytes, dice: random.Random) -> bytes:
    """A TensorFlow-Lite file: its tables lie at its end and its beginning."""
    changed = bytearray(content)
    dice.choice((bits, numbers))(changed, dice)
    return bytes(changed)


def _old_kmodel(content: bytes, dice: random.Random) -> bytes:
    """A kmodel of version 3 or 4: its headers, or what it says of an operation or two."""
    steps = read_buffered(content).steps
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 2))):
        begin, end = 0, min(OLD_HEAD_BYTES, len(content))
        if steps and dice.random() < OPERATION_SHARE:
            step = dice.choice(steps)
            begin, end = step.body_start, min(step.body_start + RECORD_BYTES, len(content))
        part = changed[begin:end]
        dice.choices((bits, numbers), weights=(1, 2))[0](part, dice)
        changed[begin:end] = part
    return bytes(changed)


def _kmodel(content: bytes, dice: random.Random) -> bytes:
    """A kmodel: code and constants as they lie in the file, or the headers before them."""
    five = content[4] == 5
    if five and dice.random() < 0.6:
        return deep_kmodel(content, dice)[1]
    head = header_bytes(content) if five else len(content)
    changed = bytearray(content)
    kind = dice.choice((bits, numbers))
    if kind is bits:
        bits(changed, dice, 0, head)
    else:
        numbers(changed, dice, head)
    return bytes(changed)


def _yaml_aliases(dice: random.Random) -> bytes:
    """Ten times ten times ten ... of the same list."""
    lines = ["a0: &a0 [face]"]
    for level in range(1, LAUGHS):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    return "\n".join([*lines, f"names: *a{LAUGHS - 1}"]).encode()


def _yaml_odd(dice: random.Random) -> bytes:
    depth = dice.choice((100, 10_000, 100_000))
    odd = (
        "[" * depth, "{a: " * depth, "- " * depth, "{.inf: face}", "{.nan: face}", "&a [*a]",
        "&a {0: *a}", "{? [a, b] : c}", "!!python/object/apply:os.system [true]", "2001-01-01",
        "!!binary aGFsbG8=", "{<<: {0: face}}", "!!set {face}", "{1e400: face}", "9" * 5000,
        "0:0:0:" * 1000 + "1", "0x" + "f" * 5000, "{" + "9" * 5000 + ": face}", "0o7777",
        "{0: face, 0: mask}", "{null: face}", "!!float []", "!!timestamp x", "{-1: a, true: b}",
        "|\n" + "  x\n" * 100_000, "[face" + ", face" * 200_000 + "]",
    )  # fmt: skip
    return f"names: {dice.choice(odd)}\n".encode()


def _xml_entities(dice: random.Random) -> bytes:
    lines = ['<!DOCTYPE a [<!ENTITY e0 "face">']
    lines += [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, LAUGHS)]
    inside = dice.choice((f"&e{LAUGHS - 1};", "&e2;", "&undefined;", "&#0;", "&#xD800;"))
    return f"{''.join(lines)}]><annotation><filename>{inside}</filename></annotation>".encode()


def _xml_odd(dice: random.Random) -> bytes:
    outside = (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><filename>&x;</filename></a>'
    )
    encoding = dice.choice(("utf-7", "utf-16", "cp037", "rot13", "x" * 5000, "idna"))
    odd = (
        "<a>" * dice.choice((1000, 100_000)), outside, "<a " + "b='c' " * 2 + "/>",
        f"<?xml version='1.0' encoding='{encoding}'?><annotation/>",
        "<annotation><object/></annotation>", "<annotation>" + "<object/>" * 100_000,
        "<annotation><filename>" + "x/" * 50_000 + "</filename></annotation>",
    )  # fmt: skip
    return dice.choice(odd).encode()


@functools.cache
def _long_lines() -> bytes:
    return b"0 0.5 0.5 0.3 0.4\n" * 100_000


def _txt_long(dice: random.Random) -> bytes:
    """100,000 boxes, or one line without an end."""
    return dice.choice((_long_lines(), b"1 " * 1_000_000, bytes(1_000_000)))


def _toml_odd(dice: random.Random) -> bytes:
    depth = dice.choice((100, 1000, 100_000))
    odd = (
        "a = " + "[" * depth,
        "a" + ".b" * depth + " = 1",
        "[a" + ".b" * depth + "]",
        "a = {b = ",
    )
    return dice.choice(odd).encode()


BOMBS: dict[str, tuple[Callable[[random.Random], bytes], ...]] = {
    ".toml": (_toml_odd,),
    ".txt": (_txt_long,),
    ".xml": (_xml_entities, _xml_odd, _xml_odd),
    ".yaml": (_yaml_aliases, _yaml_odd, _yaml_odd, _yaml_odd),
}

PICTURES = (".jpg", ".png", ".gif", ".tif", ".tiff", ".webp", ".bmp", ".ppm")
CHANGES: dict[str, Change] = {
    **dict.fromkeys(PICTURES, _picture),
    ".csv": text_of,
    ".json": json_of,
    ".jsonl": json_lines_of,
    "old.kmodel": _old_kmodel,
    ".kmodel": _kmodel,
    ".log": text_of,
    ".npz": _archive,
    ".tflite": _network,
    ".toml": toml_of,
    ".txt": text_of,
    ".xml": text_of,
    ".yaml": text_of,
    "journal.log": json_lines_of,
}
"""By the file's name, or else by its ending; any other is changed as bytes."""
