# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's word that the copies on a host which cannot be asked do not run: host by host, and in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .failures import ConfigurationError
from .host_names import find_host
from .split_brain import Sides

Attestations = Mapping[str, str]
# What YAML and people say for yes, no and nothing is one word. Two words are the least that can say who saw to it.
_LEAST_WORDS = 2


def parse_attestations(given: Mapping[Any, Any]) -> dict[str, str]:
    """Return the sentence for each host. Raises ConfigurationError for what is no sentence, or names no host."""
    said = {str(host).strip(): words for host, words in given.items()}
    if not all(said):
        raise _refused("attested_off contains an empty host name.")
    for host, words in said.items():
        if not is_sentence(words):
            raise _refused(f"attested_off says {words!r} of {host}: at least two words are needed.")
    return {host: words.strip() for host, words in said.items()}


def vouched_places(said: Attestations, every: Sequence[Sides]) -> frozenset[str]:
    """Return the places that somebody vouches for, of all where a copy is or may be.

    A name counts where it means one place, and the place one name: a short one that may be either of two hosts means
    none. A place without a name, where the hosts themselves are not known, nobody can vouch for.
    """
    places = list(dict.fromkeys(place for one in every for copy in one.on_premises for place in copy.places))
    return frozenset(place for place in places if (host := find_host(place, said)) and find_host(host, places) == place)


def vouched_of_each(said: Attestations, every: Sequence[Sides]) -> dict[str, frozenset[str]]:
    """Return the places that somebody vouches for, by item id.

    That a host has no such machine is said of each by itself: of several of a plan, nobody knows which one is meant.
    """
    places = vouched_places(said, every)
    denied = Counter(place for one in every for place in one.denied_by)
    return {one.item_id: places - {place for place in one.denied_by if denied[place] > 1} for one in every}


def is_sentence(words: object) -> bool:
    """Say whether words can tell who saw to something, and how: at least two of them."""
    if not isinstance(words, str):
        return False
    return sum(any(letter.isalpha() for letter in word) for word in words.split()) >= _LEAST_WORDS


def _refused(happened: str) -> ConfigurationError:
    return ConfigurationError(
        happened,
        "Nothing was read or written. Name each host that cannot be asked, and say who made sure that the VM does not "
        "run there, and how.",
    )
