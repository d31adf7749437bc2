# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: site_recovery
short_description: The VMs of a Recovery Services vault as an inventory
description:
  - Turns each Hyper-V VM that the vault replicates to Azure into a host, with what Site Recovery reports about it as
    variables, so that the playbooks of this collection run on it without a list of VMs. Items replicated in other ways
    are left out.
  - Reads lists, page by page, and nothing for each VM. For 1,000 VMs on one site that is fewer than 30 requests.
  - It does not guess what lists do not tell. C(asr_stage) of such a VM is V(unknown), C(asr_possible_stages) has the
    stages that it may be in, and C(asr_stage_reason) says why. M(asr.failback.replicated_item_info) tells which one it
    is.
  - Adds everything or, if anything fails, nothing.
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
      - A name that several VMs would have, regardless of case, or that is the name of a Hyper-V host or of a group, is
        used for none of them. They get the name that their next expression makes. If there is none, the inventory
        fails.
      - It also fails if a host of another source has one of the names, but is another VM, such as one of another vault.
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
        Without one, and without a Kerberos ticket, the prerequisites of a failback fail, as the hosts cannot be
        queried. With V(false), the failback runs without hosts.
      - The names come from Azure, so an account that is set for the group is used on every host that anybody registers
        with the vault, unless O(hyperv_host_filters) leaves it out.
      - Hyper-V hosts that a VMM server manages are not registered with the vault, so they are not added.
    type: bool
    default: true
  hyperv_host_filters:
    description:
      - Jinja expressions over the variables of a Hyper-V host or VMM server. It is added if one of them is true.
        Without any, all are.
      - An expression that fails makes the inventory fail, also without O(strict).
    type: list
    elements: str
    default: []
  recovery_plans:
    description:
      - Whether to read which VMs are in which recovery plan, which takes one request for the list and one for each
        plan. If it is not read, C(asr_recovery_plans) is null.
    type: bool
    default: true
  job_pages:
    description:
      - How many pages of the vault's newest jobs to read at most. They tell V(failed_over) from V(interrupted), and the
        commit of a failback from that of a failover. Reading stops as soon as the stage of every VM is known, and no
        page is read if no stage depends on one.
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
# vault.site_recovery.yml: every VM of the vault. The credential comes from the environment, for the playbooks as well.
plugin: asr.failback.site_recovery
resource_group: rg-recovery
vault_name: vault-recovery

---
# What runs in Azure, without the databases, and a group for each size of VM. The playbooks do not get the credential
# that is named here: they sign in with the environment or with failback_azure.
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
  - id
hyperv_host_filters:
  - asr_friendly_name.endswith('.example.com')
groups:
  # Also those whose size is not known.
  big: asr_disks_gb is none or asr_disks_gb > 500
  long_in_azure: (asr_days_in_azure or 0) >= 30
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

import os
from contextlib import suppress
from difflib import get_close_matches
from itertools import chain

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.asr.failback.plugins.module_utils.execution import execute, secrets_around
from ansible_collections.asr.failback.plugins.module_utils.model.arm_ids import folded
from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from ansible_collections.asr.failback.plugins.module_utils.model.inventory_facts import (
    PREFIX,
    default_groups,
    name_of_host,
    newest_by_name,
)
from ansible_collections.asr.failback.plugins.module_utils.model.inventory_names import (
    choose_names,
    is_failed_back,
    own_variables,
    refuse_names_of_groups,
    require_own_hosts,
    safe_name,
)
from ansible_collections.asr.failback.plugins.module_utils.verbs.inventory import INVENTORY, source_of
from ansible_collections.asr.failback.plugins.plugin_utils.hosts_of_inventory import GROUP
from ansible_collections.asr.failback.plugins.plugin_utils.inventory_draft import Draft
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
            vault = self._vault(path, parameters, cache)
            self.inventory = Draft(inventory)
            self._populate(vault, parameters)
            self.inventory.finish()
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
        key = f"{self.get_cache_key(path)}_{source_of(parameters, os.environ)}"
        if cache:
            with suppress(KeyError):
                return self._cache[key]
        self._cache[key] = execute(INVENTORY, parameters, os.environ)
        return self._cache[key]

    def _populate(self, vault, parameters):
        """Add hosts and groups to the draft."""
        for line in vault["unread"]:
            self.display.warning(line)
        vms = {facts["asr_id"]: facts for facts in map(untrusted, vault["vms"]) if self._is_wanted(facts)}
        groups = self._default_groups_of(vms, vault["plans_of_vms"]) if self.get_option("default_groups") else {}
        of_groups = self._names_of_groups(groups)
        servers = self._servers(vault["hyperv_hosts"], of_groups) if self.get_option("hyperv_hosts") else {}
        taken = [*of_groups, *servers, *self.inventory.known_in(GROUP)]
        names = choose_names(list(vms), lambda vm, at: self._name(vms[vm], at), len(self._hostnames), taken)
        own = {vm: own_variables(vm, parameters["resource_group"], parameters["vault_name"]) for vm in vms}
        require_own_hosts(names, own, {vm: _words_for(facts) for vm, facts in vms.items()}, self.inventory.variables_of)
        self.inventory.add_group(VMS)
        self._add_servers(servers)
        for vm, name in names.items():
            self._add_vm(name, vms[vm], untrusted(own[vm]), groups.get(vm, ()))
        refuse_names_of_groups([*servers, *names.values()], self.inventory.groups)

    def _names_of_groups(self, groups):
        """Return the names of groups that are known before there are hosts. C(groups) are those of each VM."""
        composed = map(self._sanitize_group_name, self.get_option("groups") or ())
        return {*self.inventory.groups, VMS, GROUP, *composed, *chain.from_iterable(groups.values())}

    def _servers(self, hosts, of_groups):
        """Return the variables of the Hyper-V hosts and VMM servers to add, by their names in the inventory."""
        conditions = self.get_option("hyperv_host_filters")
        servers = {}
        for facts in map(untrusted, newest_by_name(hosts)):
            if conditions and not any(self._holds(condition, facts) for condition in conditions):
                continue
            name = safe_name(name_of_host(facts))
            if not name or name in of_groups or is_failed_back(self.inventory.variables_of(name)):
                self.display.warning(
                    f"The Hyper-V host {name_of_host(facts)} is left out: its name is not one that a host can have, or "
                    "that of a group or of a VM of another source."
                )
            else:
                servers[name] = facts
        return servers

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
            self._set_variables(name, facts)

    def _add_vm(self, name, facts, own, groups):
        self.inventory.add_host(name, group=VMS)
        self._set_variables(name, {**facts, **own})
        for group in groups:
            self.inventory.add_group(group)
            self.inventory.add_child(group, name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), facts, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), facts, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), facts, name, strict=strict)

    def _default_groups_of(self, vms, plans_of_vms):
        """Return the names of the groups of each VM by its id; say where two names become one."""
        meant = {}
        return {
            vm: [
                self._default_group(kind, value, meant)
                for kind, value in default_groups(facts, plans_of_vms.get(folded(vm), ()))
            ]
            for vm, facts in vms.items()
        }

    def _default_group(self, kind, value, meant):
        """Return the name of a group. C(meant) are the values that such names were made of so far."""
        group = self._sanitize_group_name(f"asr_{kind}_{value}")
        before = meant.setdefault(group, value)
        if before != value:
            self.display.warning(f"The group {group} has the VMs of both {before} and {value}.")
        return group

    def _set_variables(self, host, variables):
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)


def _words_for(facts):
    return facts["asr_name"], facts["asr_friendly_name"]


def _with_advice(name, known):
    meant = get_close_matches(name, known, n=1)
    return f"{name} (did you mean {meant[0]}?)" if meant else name
