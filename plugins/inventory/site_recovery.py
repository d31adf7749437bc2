# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: site_recovery
short_description: The VMs of a Recovery Services vault as an inventory
description:
  - Makes a host of each Hyper-V VM that the vault replicates to Azure, with what Site Recovery reports about it as
    variables, so that the playbooks of this collection run on it without a list of VMs. Items replicated in other ways
    are left out.
  - Reads lists, page by page, and nothing for each VM. For 1,000 VMs on one site that is fewer than 30 requests.
  - What lists do not tell is not guessed. C(asr_stage) of such a VM is V(unknown), C(asr_possible_stages) has the
    stages that it may be in, and C(asr_stage_reason) says why. M(asr.failback.replicated_item_info) tells which it is.
  - The name of the file has to end in C(site_recovery.yml) or C(site_recovery.yaml).
  - An option that does not exist is an error, as a mistyped filter would add VMs.
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices:
      - asr.failback.site_recovery
  hostnames:
    description:
      - Jinja expressions for the name of a VM in the inventory, in order of preference. They see the variables of the
        VM, and these without the prefix C(asr_). The first one that makes a name is used.
      - A name that several VMs would have, in upper or lower case, is used for none of them. They get the name that
        their next expression makes. If there is none, the inventory fails.
      - Whatever is not a letter, a digit, V(_), V(.) or V(-) becomes V(_). V(localhost), V(all) and V(ungrouped) are
        not used.
      - An expression that fails makes no name. With O(strict), the inventory fails.
    type: list
    elements: str
    default:
      - friendly_name
      - friendly_name ~ '_' ~ name
      - id
  include_host_filters:
    description:
      - Jinja expressions over the variables of a VM. A VM is added if one of them is true. Without any, all are.
      - An expression that fails makes the inventory fail, also without O(strict), because it decides which VMs a
        playbook acts on.
    type: list
    elements: str
    default: []
  exclude_host_filters:
    description:
      - Jinja expressions over the variables of a VM. A VM is left out if one of them is true, even if it is included.
      - An expression that fails makes the inventory fail, also without O(strict).
    type: list
    elements: str
    default: []
  default_groups:
    description:
      - Whether to put VMs into groups by stage (C(asr_stage_failed_over)), site or VMM server (C(asr_site_delft)),
        Hyper-V host or VMM server (C(asr_host_hv01_example_com)) and recovery plan (C(asr_plan_shop)).
      - All VMs are in the group C(asr_vms), regardless of this option.
    type: bool
    default: true
  hyperv_hosts:
    description:
      - Whether to add the Hyper-V hosts and VMM servers that are registered with the vault, under their names there, to
        the group C(hyperv_hosts). The playbooks query that group and never fail it back.
      - The vault knows no account for them. Set one for the group, for example in C(group_vars/hyperv_hosts.yml).
        Without one, the prerequisites of a failback fail, as the hosts cannot be queried. V(false) runs it without
        hosts.
      - Hyper-V hosts that a VMM server manages are not registered with the vault, so they are not added.
    type: bool
    default: true
  recovery_plans:
    description:
      - Whether to read which VMs are in which recovery plan, which takes one request for each plan.
    type: bool
    default: true
  job_pages:
    description:
      - How many pages of the vault's newest jobs to read at most. They tell V(failed_over) from V(interrupted), and the
        commit of a failback from that of a failover. No more are read than that takes, and none if no stage depends
        on them.
      - A VM whose jobs lie further back is V(unknown). That happens if thousands of jobs ran since it failed over, for
        example when half of a large fleet is back. V(0) reads none.
    type: int
    default: 12
extends_documentation_fragment:
  - asr.failback.azure
  - asr.failback.vault
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
notes:
  - The options of Azure and the vault may be templates, with lookups and extra variables, except O(auth_source) and
    O(cert_validation_mode).
  - No option of the sign-in becomes a variable of a host. Playbooks sign in with the environment or C(failback_azure).
  - Variables that VMs get from C(compose), and groups from C(groups) and C(keyed_groups), are for VMs only, not for the
    hosts in C(hyperv_hosts).
  - The variables show the vault as it was when the inventory was read. The playbooks read each VM again before they act
    on it.
author:
  - Contributors to the asr.failback project (@asr-failback)
seealso:
  - module: asr.failback.replicated_item_info
"""

EXAMPLES = r"""
---
# vault.site_recovery.yml: every VM of the vault. The credential comes from the environment.
plugin: asr.failback.site_recovery
resource_group: rg-recovery
vault_name: vault-recovery

---
# What runs in Azure, without the databases, and a group for each size of VM.
plugin: asr.failback.site_recovery
resource_group: rg-recovery
vault_name: vault-recovery
subscription_id: 00000000-0000-0000-0000-000000000000
tenant: 11111111-1111-1111-1111-111111111111
client_id: 22222222-2222-2222-2222-222222222222
secret: "{{ lookup('ansible.builtin.file', '/run/secrets/azure') }}"
include_host_filters:
  - asr_active_location == 'Recovery'
exclude_host_filters:
  - asr_friendly_name is match('sql-')
hostnames:
  - friendly_name ~ '.' ~ fabric
groups:
  big: (asr_disks_gb or 0) > 500
  long_in_azure: (asr_days_in_azure or 0) > 30
keyed_groups:
  - key: asr_azure_vm_size
    prefix: size
compose:
  ansible_host: asr_friendly_name ~ '.example.com'
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /var/cache/ansible/vault
cache_timeout: 300
"""

import hashlib
import os
from contextlib import suppress
from difflib import get_close_matches

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.asr.failback.plugins.module_utils.execution import execute, secrets_around
from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from ansible_collections.asr.failback.plugins.module_utils.model.inventory_facts import (
    PREFIX,
    default_groups,
    newest_by_name,
)
from ansible_collections.asr.failback.plugins.module_utils.model.inventory_names import choose_names, safe_name
from ansible_collections.asr.failback.plugins.module_utils.verbs.inventory import INVENTORY, source_of
from ansible_collections.asr.failback.plugins.plugin_utils.hosts_of_inventory import GROUP
from ansible_collections.asr.failback.plugins.plugin_utils.templates import rendered, untrusted

SUFFIXES = ("site_recovery.yml", "site_recovery.yaml")
VMS = "asr_vms"


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "asr.failback.site_recovery"

    def verify_file(self, path):
        return super().verify_file(path) and path.endswith(SUFFIXES)

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        secrets = secrets_around(os.environ)
        try:
            parameters = self._parameters(config, secrets)
            self._populate(self._vault(path, parameters, cache), parameters)
        except FailbackError as problem:
            raise AnsibleParserError(remove_values(problem.message(), secrets)) from None

    def _parameters(self, config, secrets):
        """Return the options that say what to read; add to secrets what must not be shown of them."""
        unknown = [
            _with_advice(name, self.option_definitions) for name in config if name not in self.option_definitions
        ]
        if unknown:
            raise AnsibleParserError(f"No such option: {', '.join(sorted(unknown))}. Nothing was read.")
        spec = INVENTORY.argument_spec
        given = {name: self._rendered(name, config[name]) for name in spec if config.get(name) is not None}
        secrets |= {str(given[name]) for name, option in spec.items() if option.get("no_log") and given.get(name)}
        outcome = ArgumentSpecValidator(spec).validate(given)
        if outcome.error_messages:
            raise AnsibleParserError(remove_values(" ".join(outcome.error_messages), secrets))
        return outcome.validated_parameters

    def _rendered(self, name, value):
        self.templar.available_variables = self._vars
        try:
            return rendered(self.templar, value)
        except AnsibleError as problem:
            # The words of Ansible may hold what the value is made of.
            raise AnsibleParserError(f"The option {name} cannot be rendered ({type(problem).__name__}).") from None

    def _vault(self, path, parameters, cache):
        """Return what was read of the vault, now or, with a cache, a while ago."""
        if not self.get_option("cache"):
            return execute(INVENTORY, parameters, os.environ)
        source = hashlib.sha256("\n".join(source_of(parameters, os.environ)).encode()).hexdigest()
        key = f"{self.get_cache_key(path)}_{source[:16]}"
        if cache:
            with suppress(KeyError):
                return self._cache[key]
        self._cache[key] = execute(INVENTORY, parameters, os.environ)
        return self._cache[key]

    def _populate(self, vault, parameters):
        """Add the hosts. All that may fail for a VM comes before the first one is added, but for what strict does."""
        for line in vault["unread"]:
            self.display.warning(line)
        hosts = newest_by_name(vault["hyperv_hosts"]) if self.get_option("hyperv_hosts") else []
        servers = {safe_name(host["asr_friendly_name"] or host["asr_name"]): host for host in hosts}
        vms = {facts["asr_id"]: untrusted(facts) for facts in vault["vms"] if self._is_wanted(untrusted(facts))}
        names = choose_names(list(vms), lambda vm, at: self._name(vms[vm], at), len(self._hostnames), [*servers, GROUP])
        self.inventory.add_group(VMS)
        self._add_servers({name: host for name, host in servers.items() if name})
        meant = {}
        for vm, name in names.items():
            self._add_vm(name, vms[vm], parameters, meant)

    def _is_wanted(self, facts):
        included = self.get_option("include_host_filters")
        if included and not any(self._holds(condition, facts) for condition in included):
            return False
        return not any(self._holds(condition, facts) for condition in self.get_option("exclude_host_filters"))

    def _holds(self, condition, facts):
        try:
            value = self._compose(condition, facts)
        except AnsibleError as problem:
            raise AnsibleParserError(
                f"The filter '{condition}' failed for {facts['asr_friendly_name']}: {problem}"
            ) from None
        return boolean(value, strict=False) if isinstance(value, str) else bool(value)

    @property
    def _hostnames(self):
        return self.get_option("hostnames")

    def _name(self, facts, at):
        """Return what the numbered expression makes of a VM."""
        bare = {name.removeprefix(PREFIX): value for name, value in facts.items()}
        expression = self._hostnames[at]
        if expression in bare:
            # Most are no more than the name of a variable, and there are a thousand VMs.
            value = bare[expression]
        else:
            try:
                value = self._compose(expression, {**bare, **facts})
            except AnsibleError as problem:
                if self.get_option("strict"):
                    raise AnsibleParserError(
                        f"The expression '{expression}' in hostnames failed for {facts['asr_friendly_name']}: {problem}"
                    ) from None
                return None
        return None if value is None else str(value)

    def _add_servers(self, servers):
        for name, facts in servers.items():
            self.inventory.add_group(GROUP)
            self.inventory.add_host(name, group=GROUP)
            self._set_variables(name, untrusted(facts))

    def _add_vm(self, name, facts, parameters, meant):
        self.inventory.add_host(name, group=VMS)
        own = untrusted(
            {
                "failback_replicated_item": facts["asr_id"],
                "failback_resource_group": parameters["resource_group"],
                "failback_vault_name": parameters["vault_name"],
            }
        )
        self._set_variables(name, {**facts, **own})
        if self.get_option("default_groups"):
            self._add_to_default_groups(name, facts, meant)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), facts, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), facts, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), facts, name, strict=strict)

    def _add_to_default_groups(self, name, facts, meant):
        """Add a VM to groups. C(meant) are the names that those were made of so far: two may become the same."""
        for kind, value in default_groups(facts):
            group = self._sanitize_group_name(f"asr_{kind}_{value}")
            before = meant.setdefault(group, value)
            if before != value:
                self.display.warning(f"The group {group} has the VMs of both {before} and {value}.")
            self.inventory.add_group(group)
            self.inventory.add_child(group, name)

    def _set_variables(self, host, variables):
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)


def _with_advice(name, known):
    meant = get_close_matches(name, known, n=1)
    return f"{name} (did you mean {meant[0]}?)" if meant else name
