# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For which hosts somebody's word counts."""

from __future__ import annotations

import pytest

from ansible_collections.asr.failback.plugins.module_utils.model.attestation import (
    parse_attestations,
    vouched_places,
)
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.split_brain import Copy, Sides

WORD = "J. Doe: it has no power"


@pytest.mark.parametrize(
    ("named", "places", "expected"),
    [
        (["hv01"], ["hv01"], {"hv01"}),
        (["HV01"], ["hv01.a.example"], {"hv01.a.example"}),
        (["hv01.a.example"], ["hv01"], {"hv01"}),
        (["hv01"], ["hv02"], set()),
        (["hv01"], ["hv01.a.example", "hv01.b.example"], set()),
        (["hv01.a.example", "hv01.b.example"], ["hv01"], set()),
        (["hv01.a.example"], ["hv01.a.example", "hv01.b.example"], {"hv01.a.example"}),
        (["hv01"], ["hv01", ""], {"hv01"}),
        ([], [""], set()),
    ],
)
def test_a_name_counts_for_the_one_place_that_it_means(named: list[str], places: list[str], expected: set[str]) -> None:
    copies = tuple(Copy(place, "not_checked") for place in places)
    seen = Sides("/item", "web01", Copy("/vm", "deallocated"), copies)
    assert vouched_places(dict.fromkeys(named, WORD), [seen]) == expected


@pytest.mark.parametrize("words", [False, None, 0, "", " ", "False", "no", "unplugged", "0 0", {"by": "J. Doe"}])
def test_what_is_no_sentence_is_refused(words: object) -> None:
    with pytest.raises(ConfigurationError, match=r"attested_off says .* of hv01"):
        parse_attestations({"hv01": words})


def test_a_host_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        parse_attestations({" ": WORD})


def test_names_and_sentences_lose_their_spaces() -> None:
    assert parse_attestations({" hv01 ": f" {WORD} "}) == {"hv01": WORD}
