# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules can do."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff
      mode.
    support: full
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
    support: full
"""

    # Queries change nothing, so there is nothing to show a difference of.
    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details: This module does not change anything.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff
      mode.
    support: N/A
    details: This module does not change anything.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
    details: This module does not change anything.
"""

    # What is written is a file on the machine that the module runs on.
    FILE = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff
      mode.
    support: none
    details: The file can be long, as it contains every VM.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
"""

    # The groups of module_defaults that a module is in. Those that wait are in a second one; those that query a Hyper-V
    # host take no vault.
    GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/asr.failback.failback) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - asr.failback.failback
"""

    GROUP_VERBS = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/asr.failback.failback) in C(module_defaults) to set defaults for all modules, and
        C(group/asr.failback.verbs) for those that wait.
    support: full
    membership:
      - asr.failback.failback
      - asr.failback.verbs
"""

    GROUP_HOSTS = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/asr.failback.hosts) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - asr.failback.hosts
"""
