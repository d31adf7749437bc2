# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks this Windows machine over WinRM, by the collection's own session; WINRM_PASSWORD is that of its account."""

from __future__ import annotations

import os
import sys
from typing import Any

from ansible_collections.asr.failback.plugins.module_utils.hyperv.scripts import host_facts, switch, vm_power
from ansible_collections.asr.failback.plugins.module_utils.hyperv.session import HostSession
from ansible_collections.asr.failback.plugins.module_utils.hyperv.settings import resolve_settings
from ansible_collections.asr.failback.plugins.module_utils.model.failures import HostError
from ansible_collections.asr.failback.plugins.module_utils.watch import Watch

OPTIONS = {
    "winrm_user": "rehearsal",
    "winrm_password": os.environ.get("WINRM_PASSWORD", ""),
    "winrm_transport": ["ntlm"],
    "winrm_server_cert_validation": "ignore",
}
SWITCH = {
    "name": "none has this name",
    "type": "Private",
    "net_adapter": None,
    "allow_management_os": None,
    "change_type": False,
    "check_mode": True,
}


# Users' commands with their exit codes, and the words that they show by every stream that a console shows.
COMMANDS = (
    ("'h\u00e9'; 1 + 1", 0, ["h\u00e9", "2"]),
    ("Write-Host a; 'b'; Write-Information c -InformationAction Continue; [Console]::WriteLine('d')", 0, list("abcd")),
    ("cmd.exe /c 'echo a & echo b 1>&2 & exit 4'", 4, ["a"]),
    ("'a'; exit 3; 'b'", 3, ["a"]),
)


def main() -> None:
    """Fail where an answer is not what a machine without the role gives."""
    session = HostSession(resolve_settings("localhost", OPTIONS, {}, os.environ), Watch(600))
    facts = session.ask(host_facts.SCRIPT, {"vms": None})
    sys.stdout.write(f"{facts}\n")
    assert facts["computer"], facts
    assert facts["powershell"].startswith("5.1"), facts
    for command, code, words in COMMANDS:
        ended = session.run(command)
        sys.stdout.write(f"{ended}\n")
        assert (ended.exit_code, ended.output.split()) == (code, words), ended
    show(session, switch.SCRIPT, SWITCH)
    show(session, vm_power.SCRIPT, {"id": "00000000-0000-0000-0000-000000000000", "action": "read"})


def show(session: HostSession, script: str, request: dict[str, Any]) -> None:
    """Show an answer; without the service of Hyper-V its commands say so, in words of their own."""
    try:
        sys.stdout.write(f"{session.ask(script, request)}\n")
    except HostError as error:
        sys.stdout.write(f"{error}\n")


if __name__ == "__main__":
    main()
