"""Candidates have stable names; spaces enumerate exactly what exists and refuse bad files."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.errors import InvalidFile, UnknownName, UsageError
from dse.network.families import BREAKPOINTS
from dse.space import Candidate, SearchSpace, Training

DIGITS = "9" * 5000
SPACE = SearchSpace.load("mobilenetv2_face")
GOOD = """
breakpoint = ["A", "B"]
frozen_until = [63, 133]
width = [0.35]
input_size = [96, 224]
format = ["kpu8", "FP16"]
"""


def _write(folder: Path, text: str) -> str:
    path = folder / "own.toml"
    path.write_text(text)
    return str(path)


@given(st.sampled_from(list(SPACE)))
def test_an_id_names_its_candidate(candidate: Candidate) -> None:
    assert Candidate.parse(candidate.id) == candidate
    assert Training.parse(candidate.training.id) == candidate.training
    assert candidate.training.in_format(candidate.format) == candidate


def test_the_id_is_the_documented_one() -> None:
    assert Candidate(Training("A", 98, 0.5, 224), "kpu8").id == "A98-a0.5-224-kpu8"


def test_an_input_need_not_be_square() -> None:
    for id in ("P5-a1-320x240", "P5-a1-240x320", "A98-a0.5-224x160"):
        assert Training.parse(id).id == id
    training = Training.parse("P5-a1-320x240")
    assert (training.canvas.width, training.canvas.height) == (320, 240)
    assert Training.parse("P5-a1-256x256") == Training.parse("P5-a1-256")
    assert Training.parse("P5-a1-256x256").id == "P5-a1-256"


def test_a_space_holds_inputs_of_any_shape(tmp_path: Path) -> None:
    text = GOOD.replace("[96, 224]", '[96, "128x96", 128]').replace('"B"', '"B", "C"')
    space = SearchSpace.load(_write(tmp_path, text))
    ids = [training.id for training in space.trainings()]
    assert {"A63-a0.35-128x96", "C63-a0.35-128x96"} <= set(ids)
    assert all(Candidate.parse(one.id) in space for one in space)
    assert Candidate.parse("A63-a0.35-96x128-kpu8") not in space
    near = {one.id for one in space.neighbours(Candidate.parse("A63-a0.35-128x96-FP16"))}
    assert {"A63-a0.35-96-FP16", "A63-a0.35-128-FP16"} <= near


@pytest.mark.parametrize(
    "sizes", ['"96"', '"96x96"', '"0128x96"', '"16x96"', '"96x2000"', '"96 x 64"', "true", "96.0"]
)
def test_a_size_is_a_number_or_a_text_with_two_others(tmp_path: Path, sizes: str) -> None:
    with pytest.raises(InvalidFile, match=r"'input_size' cannot be .* as in \"320x240\""):
        SearchSpace.load(_write(tmp_path, GOOD.replace("96, 224", sizes)))


@pytest.mark.parametrize(
    "text",
    ["", "A98", "A98-a0.5-224", "D98-a0.5-224-kpu8", "A133-a0.5-224-kpu8", "A98-a0.6-224-kpu8",
     "A98-a0.5-8-kpu8", "C98-a0.5-240-kpu8", "C98-a0.5-320x240-kpu8",
     "A98-a0.5-320x8-kpu8", "A98-a0.5-x240-kpu8",
     "A98-a0.5-224-kpu8-", "A\u0669\u0668-a0.5-224-kpu8",
     f"A{DIGITS}-a0.5-224-kpu8", f"A98-a{DIGITS}-224-kpu8", f"A98-a0.5-{DIGITS}-kpu8",
     f"A98-a0.{DIGITS}-224-kpu8", f"A98-a0.5-224-{DIGITS}", "\x1b[31m", "\0", "../../x"],
)  # fmt: skip
def test_what_names_no_candidate_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Candidate.parse(text)
    assert caught.value.hint
    assert len(str(caught.value)) < 200 and str(caught.value).isprintable()


def test_an_unknown_format_gets_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'kpu8'"):
        Candidate.parse("A98-a0.5-224-kpu")


def test_enumeration_counts_and_contains_the_same() -> None:
    every = list(SPACE)
    assert len(every) == len(set(every)) == len(SPACE) == 1792
    assert all(candidate in SPACE for candidate in every)
    assert len(SPACE.trainings()) * len(SPACE.format) == len(SPACE)


def test_lambda_lies_before_the_breakpoint() -> None:
    assert all(t.frozen_until in BREAKPOINTS[t.breakpoint].lambdas for t in SPACE.trainings())
    assert Candidate(Training("A", 133, 0.5, 224), "kpu8") not in SPACE


@pytest.mark.slow
@given(st.integers(0, 60), st.integers(0, 2**31))
def test_samples_repeat_with_their_seed(count: int, seed: int) -> None:
    sample = SPACE.sample(count, seed)
    assert sample == SPACE.sample(count, seed)
    assert len(set(sample)) == count


@given(st.sampled_from(list(SPACE)))
def test_neighbours_differ_on_one_axis_and_know_each_other(candidate: Candidate) -> None:
    for neighbour in SPACE.neighbours(candidate):
        before, after = ((*astuple(one.training), one.format) for one in (candidate, neighbour))
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
        assert candidate in SPACE.neighbours(neighbour)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    space = SearchSpace.load(_write(tmp_path, GOOD))
    assert [t.id for t in space.trainings()] == [
        "A63-a0.35-96", "A63-a0.35-224", "B63-a0.35-96", "B63-a0.35-224",
        "B133-a0.35-96", "B133-a0.35-224",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("[0.35]", "[0.6]", 4, "0.6"),
        ("[0.35]", "0.35", 4, "list"),
        ("[0.35]", "[]", 4, "list"),
        ("[96, 224]", "[96, 96]", 5, "twice"),
        ("[96, 224]", "[true]", 5, "True"),
        ("width", "widht", 4, "unknown axis"),
        ("[96, 224]", "[96.0]", 5, "96.0"),
        ("[96, 224]", "[[96]]", 5, "cannot be"),
        ("[96, 224]", "[{a = 1}]", 5, "cannot be"),
        ("[96, 224]", "[1979-05-27]", 5, "cannot be"),
        ("[96, 224]", f"[0x{'f' * 9000}]", 5, "a number between"),
        ("[0.35]", "[inf]", 4, "a number between"),
        ("[0.35]", "[nan]", 4, "a number between"),
        ("width", 'name = "x"\nwidth', 4, "unknown axis 'name'"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, why: str
) -> None:
    path = _write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InvalidFile, match=why) as caught:
        SearchSpace.load(path)
    assert f"{path}:{line}:" in str(caught.value)


def test_a_file_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="line 2"):
        SearchSpace.load(_write(tmp_path, "a = 1\nb = ="))


def test_a_space_without_a_network_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace('["A", "B"]', '["A"]').replace("[63, 133]", "[133]")
    with pytest.raises(InvalidFile, match="empty"):
        SearchSpace.load(_write(tmp_path, text))


def test_an_unknown_space_gets_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'mobilenetv2_face'"):
        SearchSpace.load("mobilenet_face")


ONLY = """\
breakpoint   = ["A", "B"]
frozen_until = [63, 98]
width        = [0.35, 1.0]
input_size   = [96]
format       = ["kpu8", "FP32"]
only         = {only}
"""


def test_a_space_can_be_a_list_of_trainings(tmp_path: Path) -> None:
    path = tmp_path / "listed.toml"
    path.write_text(ONLY.format(only='["B63-a1-96", "A98-a0.35-96"]'))
    space = SearchSpace.load(str(path))
    assert [training.id for training in space.trainings()] == ["B63-a1-96", "A98-a0.35-96"]
    assert len(space) == 4
    assert Candidate.parse("A98-a0.35-96-FP32") in space
    assert Candidate.parse("A63-a0.35-96-FP32") not in space


@pytest.mark.parametrize(
    ("only", "words"),
    [
        ('"A98-a1-96"', "list of trainings"),
        ('["A98-a1"]', "names no design"),
        ("[3]", "list of trainings"),
        ('["../../x"]', "names no design"),
        ('["A98-a0.5-96"]', "'width'"),
        ('["A98-a1-96", "A98-a1-96"]', "twice"),
        ('["A98-a1-96", "A098-a1.0-96"]', "twice"),
    ],
)
def test_a_bad_list_of_trainings_is_refused(tmp_path: Path, only: str, words: str) -> None:
    path = tmp_path / "listed.toml"
    path.write_text(ONLY.format(only=only))
    with pytest.raises(InvalidFile, match=words):
        SearchSpace.load(str(path))


def test_a_head_stands_in_the_id_unless_it_is_the_usual_one() -> None:
    assert Training("P", 5, 1.0, 256, "r5").id == "P5-a1-256-r5"
    assert Training("P", 5, 1.0, 256, "25").id == "P5-a1-256"
    for id in ("P5-a1-256-r5-kpu8", "P5-a1-320x240-b12-Q9", "A98-a0.5-224-kpu8"):
        assert Candidate.parse(id).id == id
    assert Candidate.parse("P5-a1-256-b9-kpu8").training.head == "b9"
    with pytest.raises(UnknownName, match="head 'b6'"):
        Training.parse("P5-a1-256-b6")
    with pytest.raises(UnknownName, match="head 'r9'"):
        Candidate.parse("P5-a1-256-r9-kpu8")


def test_a_space_varies_the_head_where_it_says_so(tmp_path: Path) -> None:
    assert SPACE.head == ("25",)
    space = SearchSpace.load(_write(tmp_path, GOOD + 'head = ["25", "r5"]\n'))
    usual = SearchSpace.load(_write(tmp_path, GOOD))
    assert len(space) == 2 * len(usual)
    one = Candidate.parse("A63-a0.35-96-r5-kpu8")
    assert one in space and one not in usual
    assert Candidate.parse("A63-a0.35-96-kpu8") in space.neighbours(one)
    with pytest.raises(InvalidFile, match="'head' cannot be 'r6'"):
        SearchSpace.load(_write(tmp_path, GOOD + 'head = ["r6"]\n'))


def test_the_general_space_has_each_head() -> None:
    space = SearchSpace.load("k210")
    assert {training.head for training in space.trainings()} == {"25", "b5", "r5"}
