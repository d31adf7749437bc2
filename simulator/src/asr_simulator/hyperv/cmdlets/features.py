# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get-WindowsFeature and Install-WindowsFeature, for the role Hyper-V and what belongs to it."""

from __future__ import annotations

from collections.abc import Iterable

from asr_simulator.hyperv.cmdlets import enums
from asr_simulator.hyperv.cmdlets.names import flag, matches, texts
from asr_simulator.hyperv.cmdlets.place import Place, command
from powershell_subset import Call, Command, CommandError, PSObject

MODULE = "ServerManager"
CLASSES = "Microsoft.Windows.ServerManager.Commands."
ROLE, TOOLS, POWERSHELL, CLUSTERING = "Hyper-V", "RSAT-Hyper-V-Tools", "Hyper-V-PowerShell", "Failover-Clustering"
LABELS = {
    ROLE: "Hyper-V",
    TOOLS: "Hyper-V Management Tools",
    POWERSHELL: "Hyper-V Module for Windows PowerShell",
    CLUSTERING: "Failover Clustering",
}


def commands(place: Place) -> list[Command]:
    """The commands for roles and features on a server."""
    return [
        command(
            "Get-WindowsFeature",
            lambda call: _get(place, call),
            positional=("Name",),
            module=MODULE,
            class_name=f"{CLASSES}GetWindowsFeatureCommand",
        ),
        command(
            "Install-WindowsFeature",
            lambda call: _install(place, call),
            ("Source", "LogPath"),
            positional=("Name",),
            switches=("IncludeManagementTools", "IncludeAllSubFeature", "Restart", "Confirm"),
            mandatory=("Name",),
            module=MODULE,
            class_name=f"{CLASSES}AddWindowsFeatureCommand",
        ),
    ]


def _get(place: Place, call: Call) -> Iterable[PSObject]:
    """A name that is no feature's is no error: nothing comes."""
    wanted = texts(call, "Name") or ["*"]
    return (_feature(place, name) for name in LABELS if any(matches(pattern, name) for pattern in wanted))


def _feature(place: Place, name: str) -> PSObject:
    state = _state(place, name)
    values = {
        "Name": name,
        "DisplayName": LABELS[name],
        "Installed": state == "Installed",
        "InstallState": enums.INSTALL_STATE[state],
        "FeatureType": "Role" if name == ROLE else "Feature",
    }
    return PSObject("Microsoft.Windows.ServerManager.Commands.Feature", values, text=name)


def _state(place: Place, name: str) -> str:
    host = place.host
    if name == ROLE and host.restart_pending:
        return "InstallPending"
    there = {ROLE: host.role_installed, CLUSTERING: host.cluster is not None}.get(name, host.has_module)
    return "Installed" if there else "Available"


def _install(place: Place, call: Call) -> Iterable[PSObject]:
    wanted = [_known(name) for name in texts(call, "Name")]
    if ROLE in wanted and flag(call, "IncludeManagementTools"):
        wanted += [TOOLS, POWERSHELL]
    new = [name for name in wanted if _state(place, name) == "Available"]
    for name in new:
        _put(place, name)
    pending = place.host.restart_pending
    exit_code = "SuccessRestartRequired" if pending else "Success" if new else "NoChangeNeeded"
    results = [PSObject(f"{CLASSES}FeatureItem", {"Name": name, "Success": True}, text=LABELS[name]) for name in new]
    values = {
        "Success": True,
        "RestartNeeded": enums.RESTART["Yes" if pending else "No"],
        "FeatureResult": results,
        "ExitCode": enums.FEATURE_EXIT[exit_code],
    }
    if pending and flag(call, "Restart"):
        place.hyperv.restart(place.host)
    yield PSObject("Microsoft.Windows.ServerManager.Commands.FeatureOperationResult", values)


def _put(place: Place, name: str) -> None:
    """The role comes with the next restart; its tools are there at once."""
    if name == ROLE:
        place.host.restart_pending = True
    elif name in (TOOLS, POWERSHELL):
        place.host.has_module = True


def _known(name: str) -> str:
    for known in LABELS:
        if known.lower() == name.lower():
            return known
    message = (
        f"ArgumentNotValid: The role, role service, or feature name is not valid: '{name}'. The name was not found."
    )
    raise CommandError(message, "NameDoesNotExist", "InvalidArgument", target=name, terminating=True)
