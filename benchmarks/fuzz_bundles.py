"""How a fuzzed bundle differs from a sound one: a changed file, and its change covered up."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile

from fuzz_changes import bits, bytes_of, json_of, noise, numbers

from dse.chips.k210.bundle.flash_package import flash_package
from dse.chips.k210.kmodel.kmodel import parse_kmodel

__all__ = [
    "KMODEL",
    "MANIFEST",
    "PACKAGE",
    "TFLITE",
    "Files",
    "deep_kmodel",
    "header_bytes",
    "mutate",
]

Files = dict[str, bytes]
MANIFEST, KMODEL, TFLITE, PACKAGE = "manifest.json", "model.kmodel", "model.tflite", "model.kfpkg"
WEIGHTS = {KMODEL: 16, MANIFEST: 12, PACKAGE: 6, TFLITE: 6, "detector.json": 6}
"""How often a file is changed; the others, 1, are text that nothing parses."""


def _package_of(kmodel: bytes, package: bytes, dice: random.Random) -> bytes:
    """A zip with another listing, other entries, or one that grows when it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    listing = "flash-list.json"
    kind = dice.randrange(5)
    if kind == 0:
        entries[listing] = json_of(entries[listing], dice)
    elif kind == 1:
        del entries[dice.choice(list(entries))]
    elif kind == 2:
        entries["model.kmodel"] = bytes(len(kmodel) * dice.choice((1, 20)))
    elif kind == 3:
        entries[dice.choice(("../model.kmodel", "\ufffd\n", "x" * 300))] = kmodel
    else:
        entries["model.kmodel"] = kmodel[:-1]
    method = dice.choice(
        (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    )
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in entries.items():
            undated = zipfile.ZipInfo(name)  # the clock would make the case another one
            archive.writestr(undated, content, method)
    return written.getvalue()


def _deep(files: Files, dice: random.Random) -> tuple[str, Files]:
    """What no header shows: the kmodel's code and constants, the TensorFlow-Lite file."""
    if dice.random() < 0.25:
        changed = bytearray(files[TFLITE])
        dice.choice((bits, numbers, noise))(changed, dice)
        return "tflite", {TFLITE: bytes(changed)}
    kind, kmodel = deep_kmodel(files[KMODEL], dice)
    return kind, {KMODEL: kmodel}


def deep_kmodel(kmodel: bytes, dice: random.Random) -> tuple[str, bytes]:
    """(which section, `kmodel` with bits or numbers of its code or its constants changed)."""
    changed = bytearray(kmodel)
    module = dice.choice(parse_kmodel(kmodel).modules)
    section = dice.choice([one for one in module.sections if one.start >= 0 and one.size_bytes])
    body = changed[section.start : section.start + section.size_bytes]
    dice.choices((bits, numbers), weights=(2, 1))[0](body, dice)
    changed[section.start : section.start + section.size_bytes] = body
    return f"{module.type} {section.name}", bytes(changed)


def mutate(files: Files, dice: random.Random, deep: bool) -> tuple[str, Files]:
    """(what was done, the files that differ from `files`, covered up or not)."""
    if deep:
        kind, changed = _deep(files, dice)
        return f"deep: {kind}", _covered(files, {**files, **changed})
    name = dice.choices(list(files), weights=[WEIGHTS.get(name, 1) for name in files])[0]
    content = files[name]
    if name.endswith(".json") and dice.random() < 0.7:
        kind, content = "table", json_of(content, dice)
    elif name == PACKAGE and dice.random() < 0.5:
        kind, content = "zip", _package_of(files[KMODEL], content, dice)
    else:
        heads = {KMODEL: header_bytes(files[KMODEL]), PACKAGE: 400}
        head = heads.get(name) if dice.random() < 0.9 else None
        kind, content = "bytes", bytes_of(content, dice, list(files.values()), head)
    changed = {**files, name: content}
    # a TensorFlow-Lite file that is covered up costs the start of TensorFlow: see `_deep`
    covered = name not in (MANIFEST, TFLITE) and dice.random() < 0.85
    return f"{kind}: {name}", _covered(files, changed) if covered else changed


def header_bytes(kmodel: bytes) -> int:
    """Where the first section's body begins: what the header parser reads."""
    starts = [s.start for m in parse_kmodel(kmodel).modules for s in m.sections if s.start >= 0]
    return min(starts)


def _covered(before: Files, files: Files) -> Files:
    """`files` with the package and the checksums that belong to what has changed."""
    if files[KMODEL] != before[KMODEL]:
        files = {**files, PACKAGE: flash_package(files[KMODEL])}
    manifest = json.loads(files[MANIFEST])
    for name in manifest["files"]:
        digest = hashlib.sha256(files[name]).hexdigest()
        manifest["files"][name] = {"sha256": digest, "bytes": len(files[name])}
    return {**files, MANIFEST: json.dumps(manifest).encode()}
