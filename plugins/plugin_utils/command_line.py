# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the command says that plays and roles have to know: its variables, the tags that it skips, its check mode.

Variables of a job template are variables of the command, and so is what an earlier job of a workflow has passed on.
"""

from __future__ import annotations

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError

# What the playbooks and roles set as they go, and read again: plans, results and proofs.
_SET_HERE = frozenset(
    {
        "failback_drill_plan",
        "failback_plan",
        "failback_proof",
        "failback_result",
        "failback_wave",
        "undo_failback_result",
    }
)
_COLLECTION = "asr.failback"
_TARGETS = ("failback_replicated_item", "failback_recovery_plan")
_INTERNAL = ("__alternate_host_", "__drill_", "__failback_", "__rehears", "__report_", "__undo_failback_")


def given_with_command(task_vars):
    """Return the variables that were given with the command, as they are written."""
    return task_vars["hostvars"]._variable_manager.extra_vars


def refuse_forged(task_vars):
    """Refuse variables of the command that would stand for what a run finds out itself. Raises ConfigurationError."""
    given = sorted(name for name in given_with_command(task_vars) if name in _SET_HERE or name.startswith(_INTERNAL))
    if given:
        raise ConfigurationError(
            f"{', '.join(given)} cannot be given with -e, a job template, or set_stats of an earlier job: it would go "
            "before what this run finds out.",
            "Nothing more was written. Leave it out.",
        )


def refuse_skipped_guards(task_vars):
    """Refuse to go on where what always runs was skipped: the checks of variables, the order of batches, and the
    report, without which hosts that failed look as if they had not. Raises ConfigurationError."""
    if "always" in (task_vars.get("ansible_skip_tags") or ()):
        raise ConfigurationError(
            "--skip-tags always leaves out the checks that come first, and the report.",
            "Nothing was read or written. Leave it out.",
        )


def refuse_one_for_all(task_vars):
    """Refuse a VM or plan of the command where there are several hosts, each of which would stand for it.

    Raises ConfigurationError.
    """
    hosts = task_vars.get("ansible_play_hosts_all") or ()
    given = [one for one in _TARGETS if given_with_command(task_vars).get(one)]
    if given and len(hosts) > 1:
        raise ConfigurationError(
            f"{', '.join(given)} is given with the command: each of {len(hosts)} hosts would stand for it.",
            "Nothing was read or written. Name one host with failback_hosts, or set it in the inventory.",
        )


def refuse_check_of_a_part(task, task_vars):
    """Refuse a role of this collection that is in check mode by a keyword of a play or task.

    It would take for done what was predicted: only the mode of the whole run is known to it. Raises ConfigurationError.
    """
    is_of_ours = task._role is not None and task._role._role_collection == _COLLECTION
    if is_of_ours and task.check_mode and not task_vars.get("ansible_check_mode"):
        raise ConfigurationError(
            "The role is in check mode, and the run is not: its result would say that it is done.",
            "Nothing was read or written. Run all of it with --check.",
        )
