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
