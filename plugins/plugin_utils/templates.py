# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which texts are templates: those that the user wrote, and none that others have named, such as virtual machines."""

from __future__ import annotations

try:
    from ansible.template import trust_as_template
except ImportError:
    # Before ansible-core 2.19, every text is a template unless it is wrapped, and lookups have to be allowed.
    trust_as_template = None


# How Jinja begins what is no plain text, and Ansible what it says of a template.
_BEGINS = ("{{", "{%", "{#", "#jinja2:")
_NEVER = (bool, int, float, type(None))


def may_be_template(value):
    """Say whether rendering a value may make another of it."""
    if isinstance(value, str):
        return any(begin in value for begin in _BEGINS)
    if isinstance(value, dict):
        return any(may_be_template(part) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple)):
        return any(may_be_template(part) for part in value)
    # What is encrypted becomes text.
    return not isinstance(value, _NEVER)


def untrusted(value):
    """Return a value in which no text is a template, however it looks."""
    if trust_as_template is not None:
        return value
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(value)


def rendered(templar, value):
    """Return what a value becomes that the user wrote, lookups allowed. Raises AnsibleError."""
    more = {} if trust_as_template is not None else {"disable_lookups": False}
    return templar.template(value, **more)
