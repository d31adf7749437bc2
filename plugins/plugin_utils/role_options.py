# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of the role failback say of a host, as options of the module of the same name.

They are read here, not by templates: a thousand hosts would take as many tasks with forty templates each.
"""

from __future__ import annotations

from collections import ChainMap
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.asr.failback.plugins.module_utils.model.failback_steps import PREREQUISITES, STEPS
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.fleet import has_ended
from ansible_collections.asr.failback.plugins.module_utils.model.packed import PACKED, whole
from ansible_collections.asr.failback.plugins.module_utils.model.spelling import unknown_variables
from ansible_collections.asr.failback.plugins.plugin_utils.hosts_of_inventory import HostVariables

_ROLE = Path(__file__).resolve().parents[2] / "roles" / "failback"
_PREFIX = "failback_"
_ACCESS = "failback_azure"
_ITEM = "failback_replicated_item"
_SWITCHES = {step: f"{_PREFIX}{'check_' if step == PREREQUISITES else ''}{step}" for step in STEPS}
# Options of the role that are none of the module.
OF_ROLE = frozenset({_ACCESS, "failback_fail_on_error", *_SWITCHES.values()})
# The facts that the role keeps: what the tasks of the user's have proved, and the one of them that failed.
_FACTS = {"proof": "failback_proof", "failed_task": "__failback_failed_task"}
_PREPARATION = "__failback_preparation"
_CONFIRM = "failback_confirm"
# Variables and facts of the playbooks.
OTHERS = frozenset(
    {
        _CONFIRM,
        "failback_application",
        "failback_copies_at_once",
        "failback_depends_on",
        "failback_drill",
        "failback_drill_approver",
        "failback_drill_attestation",
        "failback_drill_change",
        "failback_drill_controls",
        "failback_drill_folder",
        "failback_drill_level",
        "failback_drill_next",
        "failback_drill_plan",
        "failback_drill_simulator",
        "failback_drill_speed",
        "failback_group",
        "failback_hosts",
        "failback_max_fail_percentage",
        "failback_max_failed",
        "failback_objectives",
        "failback_plan",
        "failback_proof",
        "failback_records",
        "failback_report",
        "failback_report_history",
        "failback_report_html",
        "failback_report_junit",
        "failback_report_manifest",
        "failback_report_markdown",
        "failback_report_sign",
        "failback_report_trace",
        "failback_reports",
        "failback_result",
        "failback_scorecard_html",
        "failback_scorecard_prometheus",
        "failback_scorecard_simulated",
        "failback_scorecard_valid_days",
        "failback_serial",
        "failback_strategy",
        "failback_tier",
        "failback_wave",
        "failback_wave_hooks",
        "failback_waves",
    }
)
_EMPTY = ("", {}, None)


def _state_in(run):
    """Return the state in what a task has returned for a host, as it is."""
    return run.get(PACKED) or run.get("state")


class RoleOptions:
    """Reads the options of hosts, those that no result may show among them: the module knows which these are."""

    def __init__(self, loader, templar, task_vars, *, of_fleet):
        spec = loader.load_from_file(str(_ROLE / "meta" / "argument_specs.yml"))
        # Elsewhere it would be taken for a safeguard, and be none.
        self._others = OTHERS if of_fleet else OTHERS - {_CONFIRM}
        options = spec["argument_specs"]["main"]["options"]
        self._known = [*options]
        self._required = [name for name, option in options.items() if option.get("required")]
        self._mappings = [name for name, option in options.items() if option["type"] == "dict"]
        self._defaults = loader.load_from_file(str(_ROLE / "defaults" / "main.yml"))
        self._loader = loader
        self._templar = templar
        self._task_vars = task_vars

    def entries(self, names, before, places, confirmations):
        """Return the entries of those hosts that have not ended, by what an earlier task has returned for them.

        C(places) are the places of hosts, by their names, C(confirmations) what their commits may delete; None where
        nobody confirms.
        """
        going = [name for name in names if not has_ended(whole(before.get(name) or {}))]
        return [
            {
                **self._entry(name, _state_in(before.get(name) or {}), places.get(name)),
                **({} if confirmations is None else {"confirmed": confirmations.get(name) or []}),
            }
            for name in going
        ]

    def refuse_of_play(self):
        """Refuse variables of the role that only the play has: they would count for the host of the task alone, and not
        for the others. Raises ConfigurationError."""
        host = self._task_vars["inventory_hostname"]
        here = HostVariables(host, self._task_vars, self._templar, set())
        there = HostVariables(host, self._task_vars["hostvars"][host], self._templar, set())
        wrong = [one for one in self._known if one in here and here[one] != self._elsewhere(one, there, host)]
        if wrong:
            raise ConfigurationError(
                f"{', '.join(wrong)} is set by the play, where it would count for one host alone.",
                "Nothing was read or written. Set it in the inventory, or with -e.",
            )

    def _elsewhere(self, variable, there, host):
        """Return what a variable is for a host of which no play says anything."""
        return there[variable] if variable in there else {**self._defaults, _ITEM: host}.get(variable)

    def _entry(self, name, state, place):
        more = {key: value for key, value in {"state": state, "place": place}.items() if value}
        try:
            entry = self._of_host(name)
        except ConfigurationError as wrong:
            return {"label": name, "replicated_item": name, "wrong_variables": wrong.happened, **more}
        # Who goes on has been told before.
        files = {} if state else {"unusable_files": self._unusable(entry)}
        return {**entry, **files, **more}

    def _unusable(self, entry):
        """Return, by path, what is wrong with the files of tasks: what cannot be read would stop Ansible on the way."""
        hooks = entry.get("hooks") or {}
        files = [entry.get("validation_tasks"), *(hooks.values() if isinstance(hooks, dict) else ())]
        wrong = {file: self._objection(file) for file in files if file}
        return {file: reason for file, reason in wrong.items() if reason}

    def _objection(self, file):
        if not (Path(file).is_absolute() and Path(file).is_file()):
            return "not a file on the controller, or not an absolute path"
        try:
            tasks = self._loader.load_from_file(file)
        except AnsibleError as problem:
            return f"not YAML: {str(problem).splitlines()[0]}"
        return "" if isinstance(tasks, list) or tasks is None else "not a list of tasks"

    def _of_host(self, name):
        """Return what the variables of a host say. Raises ConfigurationError."""
        source = self._source(name)
        # A VM of this name may be in the vault of another host, too.
        missing = [one for one in self._required if one not in source]
        if missing:
            raise ConfigurationError(f"{', '.join(missing)} is not set for {name}.", "Nothing was read or written.")
        variables = HostVariables(name, source, self._templar, set())
        # One that was left empty by mistake would be a window that is always open, or a hook that is not there.
        empty = [one for one in self._mappings if one in source and variables[one] == ""]
        if empty:
            told = f"{', '.join(empty)} is empty text, not a mapping."
            raise ConfigurationError(told, "Nothing was read or written.")
        azure = variables[_ACCESS]
        if not isinstance(azure, dict):
            raise ConfigurationError("failback_azure is not a mapping of options.", "Nothing was read or written.")
        named = {one.removeprefix(_PREFIX): variables[one] for one in self._known if self._is_option(one, source)}
        facts = {option: variables[fact] for option, fact in _FACTS.items() if fact in source}
        given = {**azure, **named, **facts, **self._prepared(variables, source)}
        entry = {option: value for option, value in given.items() if value not in _EMPTY}
        if entry.get("recovery_plan"):
            entry.pop("replicated_item", None)
        unknown = unknown_variables([one for one in source if one.startswith(_PREFIX)], [*self._known, *self._others])
        return {**entry, "label": name, "steps": self._steps(variables), "unknown_variables": unknown}

    def _source(self, name):
        """Return the variables of a host. Those of the play, the role and the task count for the task's own host
        alone."""
        if name == self._task_vars.get("inventory_hostname"):
            own = self._task_vars
        else:
            own = self._task_vars["hostvars"][name]
        return ChainMap(own, {_ITEM: name}, self._defaults)

    def _is_option(self, variable, source):
        return variable not in OF_ROLE and variable in source

    def _prepared(self, variables, source):
        """Return the options that a role which wraps this one sets."""
        prepared = variables[_PREPARATION] if _PREPARATION in source else {}
        return {f"preparation_{key}": value for key, value in prepared.items()}

    def _steps(self, variables):
        """Return the steps that are switched on. Tags choose among them; where they choose none, the role was chosen as
        a whole."""
        tagged = [step for step in STEPS if step in (self._task_vars.get("ansible_run_tags") or ())] or STEPS
        skipped = self._task_vars.get("ansible_skip_tags") or ()
        chosen = [step for step in tagged if step not in skipped]
        return [step for step in chosen if boolean(variables[_SWITCHES[step]])]
