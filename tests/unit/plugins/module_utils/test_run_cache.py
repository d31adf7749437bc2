# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cache that the processes of one run share. Real processes, forked as Ansible forks its workers."""

from __future__ import annotations

import gc
import os
import signal
import stat
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from ansible_collections.asr.failback.plugins.module_utils.run_cache import RunCache, _unlinked_file

WORKERS = 8


def forked(work: Callable[[], None]) -> int:
    """Run work in a child process; its id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def ended_well(*children: int) -> bool:
    return all(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 for child in children)


def always(_value: object) -> bool:
    return True


def test_processes_that_ask_at_once_make_the_value_once(tmp_path: Path) -> None:
    cache = RunCache()
    gate_read, gate_write = os.pipe()

    def make() -> int:
        (tmp_path / f"made-{os.getpid()}").touch()
        return 42

    def work() -> None:
        os.close(gate_write)
        os.read(gate_read, 1)
        assert cache.get_or_make("key", always, make) == 42

    children = [forked(work) for _number in range(WORKERS)]
    os.close(gate_write)
    assert ended_well(*children)
    assert len(list(tmp_path.iterdir())) == 1
    assert cache.get_or_make("key", always, make) == 42
    assert len(list(tmp_path.iterdir())) == 1
    os.close(gate_read)


def test_different_keys_of_many_processes_are_all_kept() -> None:
    cache = RunCache()

    def work(number: int) -> None:
        for turn in range(10):
            cache.get_or_make(f"{number}-{turn}", always, lambda turn=turn: [number, turn])

    assert ended_well(*(forked(lambda number=number: work(number)) for number in range(WORKERS)))
    kept = [[cache.get_or_make(f"{n}-{t}", always, lambda: None) for t in range(10)] for n in range(WORKERS)]
    assert kept == [[[n, t] for t in range(10)] for n in range(WORKERS)]


def test_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    cache = RunCache()
    inside_read, inside_write = os.pipe()

    def make_for_ever() -> int:
        os.write(inside_write, b"x")
        signal.pause()
        return 0

    child = forked(lambda: cache.get_or_make("key", always, make_for_ever) and None)
    assert os.read(inside_read, 1) == b"x"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    began = time.monotonic()
    assert cache.get_or_make("key", always, lambda: 7) == 7
    assert time.monotonic() - began < 5
    os.close(inside_read)
    os.close(inside_write)


def test_a_value_is_made_again_when_it_is_not_fresh() -> None:
    cache, made = RunCache(), iter(range(10))
    assert cache.get_or_make("key", always, lambda: next(made)) == 0
    assert cache.get_or_make("key", always, lambda: next(made)) == 0
    assert cache.get_or_make("key", lambda value: value != 0, lambda: next(made)) == 1
    assert cache.get_or_make("other", always, lambda: next(made)) == 2


def test_one_process_at_a_time_has_the_turn(tmp_path: Path) -> None:
    cache, log = RunCache(), tmp_path / "log"

    def work() -> None:
        with cache.turn("key"):
            for _line in range(50):
                with log.open("a") as file:
                    file.write(f"{os.getpid()}\n")

    assert ended_well(*(forked(work) for _number in range(WORKERS)))
    lines = log.read_text().split()
    assert sum(one != other for one, other in pairwise(lines)) == WORKERS - 1


def test_processes_that_change_one_value_lose_no_change() -> None:
    cache = RunCache()

    def add() -> None:
        for _time in range(20):
            cache.update("count", lambda before: (before or 0) + 1)

    assert ended_well(*[forked(add) for _number in range(WORKERS)])
    assert cache.get_or_make("count", always, lambda: 0) == 20 * WORKERS


def test_what_cannot_be_made_is_not_kept() -> None:
    cache = RunCache()
    with pytest.raises(KeyError):
        cache.get_or_make("key", always, lambda: {}["missing"])
    assert cache.get_or_make("key", always, lambda: 1) == 1


def test_making_one_value_may_need_another() -> None:
    cache = RunCache()
    assert cache.get_or_make("token", always, lambda: [cache.get_or_make("cloud", always, lambda: 1), 2]) == [1, 2]


@pytest.mark.parametrize("content", [b"{", b"[1]", b'"x"', b"\xff"])
def test_what_a_killed_writer_left_behind_is_forgotten(content: bytes) -> None:
    cache = RunCache()
    os.pwrite(cache._fd, content, 0)
    assert cache.get_or_make("key", always, lambda: 3) == 3
    assert cache.get_or_make("key", always, lambda: 4) == 3


def test_a_writer_that_was_killed_in_the_middle_costs_its_own_value_alone() -> None:
    cache = RunCache()
    for number in range(3):
        cache.get_or_make(f"{number}", always, lambda number=number: [number] * 500)
    size = os.fstat(cache._fd).st_size
    os.ftruncate(cache._fd, size - 100)
    assert cache.get_or_make("2", always, lambda: "made again") == "made again"
    assert cache.get_or_make("3", always, lambda: "new") == "new"
    kept = [cache.get_or_make(f"{number}", always, lambda: None) for number in range(4)]
    assert kept == [[0] * 500, [1] * 500, "made again", "new"]


@pytest.mark.parametrize("lengths", [[10, 5, 10, 250], [10, 100_000, 10], [3_000_000, 1], [255, 256, 257, 256]])
def test_a_value_may_grow_and_shrink_and_the_others_stay(lengths: list[int]) -> None:
    cache = RunCache()
    cache.get_or_make("first", always, lambda: 1)
    cache.get_or_make("changing", always, lambda: "")
    cache.get_or_make("last", always, lambda: 2)
    for length in lengths:
        cache.get_or_make("changing", lambda _value: False, lambda length=length: "x" * length)
        assert cache.get_or_make("changing", always, lambda: None) == "x" * length
    assert [cache.get_or_make(key, always, lambda: None) for key in ("first", "last")] == [1, 2]


def test_a_value_that_is_made_again_and_again_takes_no_more_room() -> None:
    cache = RunCache()
    sizes = set()
    for number in range(100):
        cache.get_or_make("facts", lambda _value: False, lambda number=number: "x" * (30_000 + number))
        sizes.add(os.fstat(cache._fd).st_size)
    assert max(sizes) < 100_000


def test_one_value_is_read_without_the_others() -> None:
    cache = RunCache()
    for number in range(100):
        cache.get_or_make(f"host {number}", always, lambda: "x" * 40_000)
    read, pread = [], os.pread
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pread", lambda *what: read.append(what[1]) or pread(*what))
        assert cache.get_or_make("host 99", always, lambda: None) == "x" * 40_000
    assert sum(read) < 60_000


def test_no_file_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cache = RunCache()
    cache.get_or_make("key", always, lambda: "secret")
    for fd in (cache._fd, _unlinked_file()):
        status = os.fstat(fd)
        assert list(tmp_path.iterdir()) == []
        assert status.st_nlink == 0
        assert not os.get_inheritable(fd)
        # Whoever may look into /proc reaches a file without a name as well.
        assert stat.S_IMODE(status.st_mode) == 0o600


def test_a_cache_keeps_no_key_in_clear_text() -> None:
    cache = RunCache()
    cache.get_or_make("client|password123", always, lambda: "value")
    assert b"password123" not in os.pread(cache._fd, 1 << 20, 0)


def test_a_cache_that_nobody_has_any_more_leaves_no_file_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _times in range(8):
        RunCache().update("a key", lambda _old: 1)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before
