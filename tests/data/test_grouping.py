"""What stays on one side of a split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dse.data.grouping import grouped

Write = Callable[..., Path]


def together(folder: Path, write: Write, *names: str) -> list[list[str]]:
    paths = [write(folder / name) for name in names]
    groups, _ = grouped(list(names), paths)
    return sorted(sorted(names[place] for place in group) for group in groups)


def others(count: int) -> list[str]:
    """Pictures of noise, each with a name of its own."""
    return [f"{'abcdefghijklmnopqrstuvwxyz'[number]}.png" for number in range(count)]


def test_pictures_that_a_service_made_of_one(tmp_path: Path, write_picture: Write) -> None:
    made = [f"x_jpg.rf.{code}.jpg" for code in ("0a1b2c3d", "99ff00aa")]
    assert together(tmp_path, write_picture, *made, *others(8))[-1] == made


def test_frames_of_one_video(tmp_path: Path, write_picture: Write) -> None:
    frames = [f"{clip}_frame_{n:03d}.png" for clip in ("one", "two") for n in (1, 2)]
    groups = together(tmp_path, write_picture, *frames, *others(8))
    assert frames[:2] in groups and frames[2:] in groups


def test_numbers_alone_say_nothing(tmp_path: Path, write_picture: Write) -> None:
    names = [f"IMG_{number}.png" for number in range(12)]
    assert len(together(tmp_path, write_picture, *names)) == 12


def test_copies_under_other_names(tmp_path: Path, write_picture: Write) -> None:
    first = write_picture(tmp_path / "first.png")
    (tmp_path / "zz.png").write_bytes(first.read_bytes())
    names = ["first.png", *others(8)]
    paths = [write_picture(tmp_path / name) for name in names] + [tmp_path / "zz.png"]
    groups, cut = grouped([*names, "zz.png"], paths)
    assert [0, 9] in groups and not cut


def test_one_long_video_is_cut_where_it_is_numbered(tmp_path: Path, write_picture: Write) -> None:
    names = [f"video{number}.png" for number in range(60)]
    groups, cut = grouped(names, [write_picture(tmp_path / name) for name in names])
    assert cut
    assert all(group == list(range(group[0], group[-1] + 1)) for group in groups)
    assert [len(group) for group in groups] == [3] * 20
