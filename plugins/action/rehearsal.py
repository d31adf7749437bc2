# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.utils.collection_loader import AnsibleCollectionConfig

from ansible_collections.asr.failback.plugins.module_utils.verbs.rehearsal import CONTRACT
from ansible_collections.asr.failback.plugins.plugin_utils.rehearsal import rehearse
from ansible_collections.asr.failback.plugins.plugin_utils.rehearsed_variables import rehearsed_variables
from ansible_collections.asr.failback.plugins.plugin_utils.verb_action import VerbAction


class ActionModule(VerbAction):
    """Runs rehearsal."""

    contract = CONTRACT

    def _parameters(self, task_vars):
        """Return the options of the task, with what rehearses."""
        parameters = super()._parameters(task_vars)
        hosts, run = rehearsed_variables(task_vars, self._templar, parameters["hosts"])
        given = {name: parameters[name] for name in ("scenario", "speed", "record", "log", "timeout", "simulator")}
        collections = [*AnsibleCollectionConfig.collection_paths]

        def rehearsing(watch):
            return rehearse(hosts=hosts, run=run, collections=collections, watch=watch, **given)

        return {**parameters, "rehearse": rehearsing}
