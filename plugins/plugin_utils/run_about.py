# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of a run of Ansible, for its record: which one, whose, with what, and which hosts it leaves out."""

from __future__ import annotations

import getpass
import json
import platform
import uuid
from pathlib import Path

from ansible_collections.asr.failback.plugins.module_utils.execution import RUN_CACHE
from ansible_collections.asr.failback.plugins.module_utils.model.objectives import parse_objectives
from ansible_collections.asr.failback.plugins.plugin_utils.hosts_of_inventory import GROUP, HostVariables, require_hosts

_ROOT = Path(__file__).resolve().parents[2]
_APPLICATION, _OBJECTIVES = "failback_application", "failback_objectives"
_NOT_CHOSEN = "not among the hosts of the run (failback_hosts, --limit)"


def about_run(task_vars, templar, loader, hosts, kind=None):
    """Return what is known of the run that a task belongs to. C(hosts) are those that it works on, C(kind) what it is.

    Raises ConfigurationError where the objectives of a host cannot be read.
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
            "collection": _version(loader),
            "ansible_core": (task_vars.get("ansible_version") or {}).get("full"),
            "python": platform.python_version(),
        },
        "scope": {"excluded": _excluded(task_vars, hosts)},
        "targets": {str(host): _target(task_vars, templar, host) for host in hosts},
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


def _target(task_vars, templar, host):
    """Return what the user says of a host: its application, and its objectives in seconds."""
    source = task_vars["hostvars"][host]
    variables = HostVariables(host, source, templar, set())
    given = {name: variables[name] for name in (_APPLICATION, _OBJECTIVES) if name in source}
    return {
        "application": given.get(_APPLICATION),
        "objectives": parse_objectives(given.get(_OBJECTIVES) or {}),
    }
