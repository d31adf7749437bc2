# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values are rendered: all that may become another one, be it by decryption."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.asr.failback.plugins.plugin_utils.templates import may_be_template


class Encrypted:
    """As Ansible has what is vaulted: no text."""


@pytest.mark.parametrize(
    "value",
    [
        *(
            "{{ one }}",
            "a{% if b %}c{% endif %}",
            "{# d #}",
            "#jinja2: trim_blocks: True",
            ["{{ one }}"],
            {"{{ one }}": 1},
        ),
        *(Encrypted(), [Encrypted()], {"secret": Encrypted()}, b"text"),
    ],
)
def test_what_may_become_another_value_is_rendered(value: Any) -> None:
    assert may_be_template(value)


@pytest.mark.parametrize("value", ["text", "", "{ a }", 1, 1.5, True, None, [], {}, ["a", {"b": (1, None)}]])
def test_what_stays_as_it_is_is_not(value: Any) -> None:
    assert not may_be_template(value)
