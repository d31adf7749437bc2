# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose answers count for whom: never one from before a virtual machine's own last change, nor one that is too old."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.failures import NotTaken, Unreachable
from ansible_collections.asr.failback.plugins.module_utils.shared_reads import UNSHARED, SharedReads
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch


class Vault:
    """Something that is read: it counts how often. `one` and `another` are the watches of two that read it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.reads = 0
        # How long a read takes.
        self.takes = 0.0
        self.one, self.another = (Watch(60, clock=lambda: self.now) for _number in range(2))
        self.turn = self.one
        self.shared = SharedReads(lambda: self.turn)

    def read(self) -> int:
        self.now += self.takes
        self.reads += 1
        return self.reads

    def seen_by(self, watch: Watch, max_age: float = 10) -> int:
        """What one of them is told."""
        self.turn = watch
        return self.shared.get("items", self.read, max_age)


def test_an_answer_is_shared_for_a_moment() -> None:
    vault = Vault()
    assert vault.seen_by(vault.one) == 1
    vault.now = 10
    assert vault.seen_by(vault.another) == 1
    vault.now = 10.5
    assert vault.seen_by(vault.another) == 2


def test_an_answer_from_before_the_own_change_does_not_count() -> None:
    vault = Vault()
    vault.seen_by(vault.one)
    vault.now = 1
    vault.one.look.changed()
    assert vault.seen_by(vault.another) == 1
    assert vault.seen_by(vault.one) == 2


def test_where_the_end_of_a_job_does_not_matter_an_answer_from_before_it_counts() -> None:
    vault = Vault()
    vault.seen_by(vault.one)
    vault.now = 1
    vault.one.look.changed(1)
    assert vault.shared.get("items", vault.read, may_miss_end=True) == 1
    vault.now = 2
    vault.one.look.changed()
    assert vault.shared.get("items", vault.read, may_miss_end=True) == 2, "it was asked for before the request"
    vault.now = 13
    assert vault.shared.get("items", vault.read, may_miss_end=True) == 3


def test_it_can_be_asked_whether_an_answer_would_be_taken() -> None:
    vault = Vault()
    counts = vault.shared.counts
    assert not counts("items", 10, lambda _value: True)
    vault.seen_by(vault.one)
    assert counts("items", 10, lambda value: value == 1)
    assert not counts("items", 10, lambda _value: False)
    vault.now = 1
    vault.one.look.changed(1)
    assert not counts("items", 10, lambda _value: True)
    assert counts("items", 10, lambda _value: True, may_miss_end=True)
    vault.now = 11
    assert not counts("items", 10, lambda _value: True, may_miss_end=True)


def test_an_answer_is_as_old_as_its_question() -> None:
    vault = Vault()
    vault.takes = 8
    vault.seen_by(vault.one)
    vault.now = 11
    assert vault.seen_by(vault.another) == 2


def test_what_a_list_has_told_is_known_to_what_is_asked_after_its_answer() -> None:
    vault = Vault()
    vault.takes = 2
    vault.seen_by(vault.one)
    vault.shared.changed_before("items")
    assert vault.seen_by(vault.one) == 2, "the list was asked for before the change"
    vault.takes = 0
    vault.shared.changed_before("items")
    assert vault.seen_by(vault.one) == 3


def test_what_only_one_has_asked_for_is_forgotten_with_it() -> None:
    vault = Vault()
    vault.seen_by(vault.one)
    vault.shared.forget()
    assert vault.shared.kept("items") is None


def test_what_several_have_asked_for_is_kept_for_those_that_come() -> None:
    vault = Vault()
    for watch in (vault.one, vault.another):
        vault.seen_by(watch)
    for watch in (vault.one, vault.another):
        vault.turn = watch
        vault.shared.forget()
    assert vault.seen_by(Watch(60, clock=lambda: vault.now)) == 1


def test_no_write_rests_on_what_tells_nothing() -> None:
    vault = Vault()
    vault.seen_by(vault.one)
    vault.now = 100
    vault.another.look.begin()
    vault.turn = vault.another
    assert vault.shared.get("items", vault.read, 120, tells=lambda _value: False) == 1
    vault.another.look.require_fresh(0)


def test_a_write_rests_on_the_oldest_of_what_was_shared() -> None:
    vault = Vault()
    vault.seen_by(vault.one)
    vault.now = 10
    vault.another.look.begin()
    vault.seen_by(vault.another)
    vault.now = 25
    vault.another.look.require_fresh(0)
    vault.now = 31
    with pytest.raises(NotTaken):
        vault.another.look.require_fresh(0)


def test_what_came_with_a_list_is_kept_unless_there_is_something_newer() -> None:
    vault = Vault()
    vault.now = 5
    assert vault.shared.read("item", lambda: "read singly") == "read singly"
    vault.shared.keep("item", 4, "of an older list")
    assert vault.shared.kept("item") == "read singly"
    vault.shared.keep("item", 6, "of a newer list")
    assert vault.shared.get("item", lambda: "read again") == "of a newer list"


def test_a_failure_is_not_shared() -> None:
    vault = Vault()

    def fails() -> int:
        raise Unreachable("No answer.")

    with pytest.raises(Unreachable):
        vault.shared.get("items", fails)
    assert vault.seen_by(vault.another) == 1


def test_an_answer_that_does_not_count_any_more_is_asked_for_again() -> None:
    vault = Vault()
    vault.seen_by(vault.one)
    assert vault.shared.get("items", vault.read, 10, lambda number: number > 1) == 2


def test_one_asks_and_the_others_wait_for_its_answer() -> None:
    vault = Vault()
    begun, goes_on = threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        assert goes_on.wait(20)
        return vault.read()

    told: list[int] = []
    first = threading.Thread(target=lambda: told.append(vault.shared.get("items", slow)))
    first.start()
    assert begun.wait(20)
    second = threading.Thread(target=lambda: told.append(vault.shared.get("items", vault.read)))
    second.start()
    goes_on.set()
    first.join(20)
    second.join(20)
    assert told == [1, 1]


def test_what_is_alone_reads_everything_anew() -> None:
    vault = Vault()
    assert [UNSHARED.get("items", vault.read), UNSHARED.read("items", vault.read)] == [1, 2]
    assert UNSHARED.once("settings", vault.read) == 3
    UNSHARED.changed_before("items")
    assert not UNSHARED.shares


def test_what_was_dropped_is_read_again_whatever_the_clock_says() -> None:
    vault = Vault()
    vault.seen_by(vault.one)
    vault.shared.drop("items")
    assert vault.seen_by(vault.another) == 2
