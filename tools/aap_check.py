# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold the objects of extensions/aap against the argument specs of awx.awx, whose modules would make them.

    python tools/aap_check.py VARIABLES.yml ...

The files are loaded as Ansible loads variables, in this order, and what they refer to is filled in. Prints a line for
each complaint and then how many objects there are; the exit status is 1 if there is a complaint. It needs Ansible with
the collection awx.awx, as `make aap` installs it. No controller is asked.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

# The variables of infra.aap_configuration, and the module of awx.awx that its role for each of them calls.
MODULES = {
    "controller_credential_types": "credential_type",
    "controller_credentials": "credential",
    "controller_execution_environments": "execution_environment",
    "controller_projects": "project",
    "controller_inventories": "inventory",
    "controller_inventory_sources": "inventory_source",
    "controller_templates": "job_template",
    "controller_workflows": "workflow_job_template",
    "controller_schedules": "schedule",
}
# The nodes of a workflow, which have a module of their own.
NODES, NODE = "simplified_workflow_nodes", "workflow_job_template_node"
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
# Not in the files, and no default: what the user keeps elsewhere.
SECRETS = {"failback_aap_secret": "secret", "failback_aap_hyperv_password": "secret"}


class _SpecFound(Exception):
    """A module was about to sign in to a controller: it has said what its arguments are."""


@dataclass
class Specs:
    """The argument specs of the modules of awx.awx, read when they are asked for."""

    _known: dict[str, ArgumentSpecValidator] = field(default_factory=dict)

    def complaints(self, module: str, arguments: Mapping[str, Any]) -> list[str]:
        """What this module would say about these arguments."""
        if module not in self._known:
            self._known[module] = _spec_of(module)
        return list(self._known[module].validate(dict(arguments)).error_messages)


def _spec_of(name: str) -> ArgumentSpecValidator:
    """Run the module as far as the point where it names its argument spec."""
    module: Any = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{name}")
    found: dict[str, Any] = {}

    def takes(argument_spec: Mapping[str, Any], **rules: Any) -> None:
        found.update(rules, argument_spec=argument_spec)
        raise _SpecFound

    module.ControllerAPIModule = takes
    try:
        module.main()
    except _SpecFound:
        rules = {name: found[name] for name in RULES if name in found}
        return ArgumentSpecValidator(found["argument_spec"], **rules)
    raise ValueError(f"The module {name} of awx.awx names no argument spec.")


def load(paths: list[Path]) -> dict[str, Any]:
    """Return the variables of these files, with what they refer to filled in."""
    loader = DataLoader()
    raw: dict[str, Any] = {}
    for path in paths:
        raw.update(loader.load_from_file(str(path)))
    filled: dict[str, Any] = Templar(loader=loader, variables={**raw, **SECRETS}).template(raw)
    return filled


def complaints_about(variables: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the objects."""
    specs = Specs()
    unknown = [name for name in variables if name.startswith("controller_") and name not in MODULES]
    yield from (f"{name}: no role of infra.aap_configuration is known for it" for name in unknown)
    for variable, module in MODULES.items():
        for one in variables.get(variable, ()):
            own = {key: value for key, value in one.items() if key != NODES}
            yield from (f"{variable}: {one.get('name')}: {said}" for said in specs.complaints(module, own))
            for node in one.get(NODES, ()):
                arguments = {**node, "workflow_job_template": one["name"]}
                yield from (
                    f"{one['name']}: {node.get('identifier')}: {said}" for said in specs.complaints(NODE, arguments)
                )


def main(names: list[str]) -> int:
    """Check the files, print the complaints and the number of objects, and return the exit status."""
    init_plugin_loader()
    variables = load([Path(name) for name in names])
    found = list(complaints_about(variables))
    objects = sum(len(variables.get(name, ())) for name in MODULES)
    print(*found, f"{objects} objects, {len(found)} complaints", sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
