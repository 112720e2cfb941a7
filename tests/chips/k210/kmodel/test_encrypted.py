from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dse.chips.k210.bundle.verify import verify_kmodel
from dse.chips.k210.kmodel.encrypted import looks_encrypted
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.chips.k210.target import K210Target
from dse.errors import VerificationFailed

SHIPPED = Path(__file__).parents[4] / "results" / "reference" / "bundles"
NOISE = np.random.default_rng(1).bytes(200_000)


def test_an_encrypted_model_is_said_to_be_one(tmp_path: Path) -> None:
    assert looks_encrypted(NOISE)
    with pytest.raises(VerificationFailed, match=r"MaixPy's encrypted models") as caught:
        parse_kmodel(NOISE)
    assert "ask for the .kmodel" in caught.value.hint
    file = tmp_path / "face.smodel"
    file.write_bytes(NOISE * 10)  # as large as a model
    (problem,) = verify_kmodel(file, target=K210Target.load("k210-maixpy-full")).problems
    assert ".smodel" in problem


@pytest.mark.parametrize(
    "content", [NOISE[:4000], bytes(5000), b"a text of words " * 400, b"\xff" * 9000, b"PK\3\4"]
)
def test_other_files_are_not(content: bytes) -> None:
    assert not looks_encrypted(content)
    with pytest.raises(VerificationFailed, match="it begins with"):
        parse_kmodel(content)


def test_kmodels_are_not() -> None:
    files = sorted(SHIPPED.glob("*/model.kmodel"))
    assert files
    for file in files:
        assert not looks_encrypted(file.read_bytes())
