# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of a run of Ansible, for its record: which one, whose, with what, and which hosts it leaves out."""

from __future__ import annotations

import getpass
import json
import platform
import uuid
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.asr.failback.plugins.module_utils.execution import RUN_CACHE, cloud_of
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError
from ansible_collections.asr.failback.plugins.module_utils.model.objectives import parse_objectives
from ansible_collections.asr.failback.plugins.plugin_utils.hosts_of_inventory import GROUP, HostVariables, require_hosts

_ROOT = Path(__file__).resolve().parents[2]
_APPLICATION, _OBJECTIVES = "failback_application", "failback_objectives"
_ACCESS, _VAULT = "failback_azure", "failback_vault_name"
# What a host stands for: the first of these that is known.
_TARGETS = ("failback_recovery_plan", "failback_replicated_item", "host")
_READ = (*_TARGETS[:-1], _VAULT, _APPLICATION, _OBJECTIVES)
_NOT_CHOSEN = "not among the hosts of the run (failback_hosts, --limit)"


def about_run(task_vars, templar, loader, environ, hosts, kind=None):
    """Return what is known of the run that a task belongs to. C(environ) is its environment, C(hosts) are those that it
    works on, C(kind) is what it is.

    Raises ConfigurationError where the application or the objectives of a host cannot be read.
    """
    require_hosts(hosts, task_vars)
    return {
        "run": {
            "id": RUN_CACHE.get_or_make("run", lambda _value: True, lambda: str(uuid.uuid4())),
            "kind": kind,
            "check_mode": bool(task_vars.get("ansible_check_mode")),
            "pattern": _text(task_vars.get("failback_hosts")),
            "limit": task_vars.get("ansible_limit"),
            "tags": [*(task_vars.get("ansible_run_tags") or ())],
            "skip_tags": [*(task_vars.get("ansible_skip_tags") or ())],
            "user": _user(),
            "controller": platform.node(),
            "cloud": _cloud(task_vars, templar, environ, hosts),
            "collection": _version(loader),
            "ansible_core": (task_vars.get("ansible_version") or {}).get("full"),
            "python": platform.python_version(),
        },
        "scope": {"excluded": _excluded(task_vars, hosts)},
        "targets": {str(host): _target(_known_of(task_vars, templar, host, _READ)) for host in hosts},
        "drill": None,
    }


def _text(given):
    return ",".join(map(str, given)) if isinstance(given, (list, tuple)) else given


def _user():
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A user id without an entry, as containers have it.
        return None


def _version(loader):
    """Return the version of this collection: in a source tree galaxy.yml has it, elsewhere MANIFEST.json."""
    source, manifest = _ROOT / "galaxy.yml", _ROOT / "MANIFEST.json"
    if manifest.is_file():
        return json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    return str(loader.load_from_file(str(source))["version"]) if source.is_file() else None


def _excluded(task_vars, hosts):
    groups = task_vars.get("groups") or {}
    asked = {*map(str, hosts), *map(str, groups.get(GROUP) or ())}
    left = [str(host) for host in groups.get("all") or () if str(host) not in asked]
    return [{"host": host, "reason": _NOT_CHOSEN} for host in sorted(left)]


def _cloud(task_vars, templar, environ, hosts):
    """Return the cloud that the hosts are in: the one that the role would ask for the first, or a task without options;
    None where that cannot be told, as the role will say."""
    try:
        access = _known_of(task_vars, templar, hosts[0], (_ACCESS,)).get(_ACCESS) if hosts else None
    except ConfigurationError:
        return None
    return cloud_of(access if isinstance(access, Mapping) else {}, environ)


def _known_of(task_vars, templar, host, names):
    """Return the name of a host, and those of its variables that are set."""
    source = task_vars["hostvars"][host]
    variables = HostVariables(host, source, templar, set())
    return {"host": str(host), **{name: variables[name] for name in names if name in source}}


def _target(known):
    """Return what the user says of a host: its VM or recovery plan and the vault of that, its application, and its
    objectives in seconds."""
    return {
        "target": str(next(filter(None, map(known.get, _TARGETS)))),
        "vault": str(known.get(_VAULT) or "") or None,
        "application": _application(known),
        "objectives": parse_objectives(known.get(_OBJECTIVES) or {}),
    }


def _application(known):
    given = known.get(_APPLICATION)
    if given is None or isinstance(given, (str, int, float)):
        return str(given if given is not None else "").strip() or None
    raise ConfigurationError(f"failback_application of {known['host']} is not a text.", "Correct it in the inventory.")
