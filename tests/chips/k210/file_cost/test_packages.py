from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dse
from dse.chips import check, load_target
from dse.chips.k210.file_cost.packages import (
    MOST_ENTRIES,
    is_packed,
    kmodels_in,
    packed_kmodel,
)
from dse.cli import main
from dse.errors import DseError, FileError, UsageError, VerificationFailed

MODEL = Path(dse.__file__).parents[1] / "results/reference/bundles/P8-a0.5-128/model.kmodel"


def package(folder: Path, **entries: bytes) -> Path:
    path = folder / "board.kfpkg"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_every_kmodel_in_a_package_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = MODEL.read_bytes()
    path = package(
        tmp_path,
        **{"flash-list.json": b"{}", "maixpy.bin": b"\0firmware", "face.kmodel": content},
        **{"models/digits.KMODEL": content, "m": content, "cut.kmodel": content[:999]},
    )
    names = [
        f"{path}/{name}" for name in ("face.kmodel", "models/digits.KMODEL", "m", "cut.kmodel")
    ]
    assert kmodels_in(path) == names
    assert all(is_packed(Path(name)) for name in names)
    assert packed_kmodel(Path(names[1])) == content
    assert main(["check", str(path), "--json"]) == 4  # of the one that is cut off
    rows = json.loads(capsys.readouterr().out)
    assert [row["candidate"] for row in rows] == names
    assert "truncated" in rows[3]["error"]
    alone = check(MODEL, load_target("k210")).as_dict()
    assert [{**row, "candidate": str(MODEL)} for row in rows[:3]] == [alone] * 3


def test_one_of_several_must_be_named(tmp_path: Path) -> None:
    content = MODEL.read_bytes()
    path = package(tmp_path, **{"a.kmodel": content, "b.kmodel": content})
    with pytest.raises(UsageError, match="holds 2 files") as caught:
        check(path, load_target("k210"))
    assert f"{path}/b.kmodel" in caught.value.hint
    assert check(f"{path}/b.kmodel", load_target("k210")).fits


def test_a_package_without_a_model_says_what_is_in_it(tmp_path: Path) -> None:
    with pytest.raises(VerificationFailed, match=r"no kmodel, but maixpy\.bin"):
        kmodels_in(package(tmp_path, **{"maixpy.bin": b"\0firmware"}))


def test_hostile_packages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        kmodels_in(tmp_path / "none.kfpkg")
    many = package(tmp_path, **{f"{n}.kmodel": b"" for n in range(MOST_ENTRIES + 1)})
    with pytest.raises(VerificationFailed, match="claims 257 files"):
        kmodels_in(many)
    bomb = tmp_path / "bomb.kfpkg"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.kmodel", bytes(17 << 20))
    with pytest.raises(VerificationFailed, match="no sound file big"):
        packed_kmodel(bomb / "big.kmodel")


def good() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m.kmodel", b"LDMK" * 20)
    return content.getvalue()


GOOD = good()


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=4))
def test_a_damaged_package_is_an_error_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, other: bytes
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "x.kfpkg"
    path.write_bytes(GOOD[:place] + other + GOOD[place + len(other) :])
    try:
        for name in kmodels_in(path):
            packed_kmodel(Path(name))
    except DseError:
        pass
