"""Files that are written: whole, or not at all, whoever else writes and whatever the path is."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from setpoint.files import replacing


def test_a_file_stays_as_it_was_when_writing_fails(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as partial:
        partial.write_text("new, half")
        1 / 0  # noqa: B018
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def test_many_may_write_the_same_file(tmp_path):
    path = tmp_path / "a.txt"

    def write(k):
        with replacing(path) as partial, partial.open("w") as file:
            for _ in range(100):
                file.write(str(k))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, list(range(10)) * 20))
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    text = path.read_text()
    assert len(text) == 100 and len(set(text)) == 1


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with replacing(tmp_path / "link") as partial:
        partial.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_what_is_no_file_is_written_to():
    with replacing(os.devnull) as path:
        assert str(path) == os.devnull
