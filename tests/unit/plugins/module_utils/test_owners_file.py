# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that is replaced as a whole, also by several at the same time, and by nobody else's word for where it goes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.owners_file import replace_file

WRITERS = 8


def test_several_that_write_at_the_same_time_each_write_it(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    texts = [str(number) * 10_000 for number in range(WRITERS)]

    def write(text: str) -> None:
        for _time in range(40):
            replace_file(str(path), [text], "report")
            assert path.read_text() in texts

    with ThreadPoolExecutor(WRITERS) as writers:
        assert [*writers.map(write, texts)] == [None] * WRITERS
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "left by a killed run"])
def test_what_lies_where_it_is_made_is_not_followed(tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "run.json", tmp_path / "other"
    other.write_text("somebody else's")
    part = tmp_path / "run.json.part"
    if kind == "link":
        part.symlink_to(other)
    elif kind == "hard link":
        part.hardlink_to(other)
    elif kind == "pipe":
        os.mkfifo(part)
    else:
        part.write_text("half a rec")
        part.chmod(0o644)
    replace_file(str(path), ["whole"], "report")
    assert (path.read_text(), other.read_text(), part.exists()) == ("whole", "somebody else's", False)
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_of_what_could_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("before")

    def content() -> Iterator[str]:
        yield "half"
        raise ConfigurationError("It is no record.", "Give another.")

    with pytest.raises(ConfigurationError, match="no record"):
        replace_file(str(path), content(), "report")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("run.json", "before")]
