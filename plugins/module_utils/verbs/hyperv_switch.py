# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ensures that a Hyper-V host has a virtual switch, for a machine that is to come back to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..hyperv.scripts.switch import SCRIPT
from ..model.failures import ConfigurationError, HostError, Refused, asked
from ..runner.contract import Contract
from ..runner.services import Services
from ..watch import Watch


@dataclass(frozen=True, kw_only=True)
class SwitchRequest:
    """C(type) is external, internal or private. What is empty or None is left as it is."""

    host: str
    name: str
    type: str
    net_adapter: str = ""
    allow_management_os: bool | None = None
    change_type: bool = False
    check_mode: bool = False


def request_of(parameters: Mapping[str, Any], check_mode: bool) -> SwitchRequest:
    """Return what a task's options ask for."""
    return SwitchRequest(
        host=parameters["host"] or "",
        name=parameters["name"],
        type=parameters["type"],
        net_adapter=parameters["net_adapter"] or "",
        allow_management_os=parameters["allow_management_os"],
        change_type=parameters["change_type"],
        check_mode=check_mode,
    )


async def run(request: SwitchRequest, services: Services, _watch: Watch) -> dict[str, Any]:
    """Make or change the switch, unless it is as wanted already. Raises Refused where that would do harm."""
    with asked(f"Virtual switch {request.name} on {request.host}"):
        _require_consistency(request)
        session, question = services.hosts.named(request.host), _question(request)
        answer = (
            session.ask(SCRIPT, question) if request.check_mode else services.hosts.change(session, SCRIPT, question)
        )
        if answer["refusal"]:
            raise _refused(request, answer)
        if answer["unread"]:
            raise _unread(request, answer)
    before, after = answer["before"], answer["after"]
    changed = before != after
    done = "would be" if request.check_mode else "is"
    told = "made" if before is None else "changed"
    words = f"{done} {told}" if changed else f"is there: {after['type']}"
    message = f"{request.host}: virtual switch {request.name} {words}"
    return {"changed": changed, "msg": message, "before": before, "after": after}


def _unread(request: SwitchRequest, answer: Mapping[str, Any]) -> HostError:
    told = "made" if answer["before"] is None else "changed"
    problem = HostError(
        f"{request.host} has accepted the change: the virtual switch is {told}, but could not be read afterwards: "
        f"{answer['unread']}",
        "Look at the virtual switch on its host, then run the task again: it reads the current state first.",
        host=request.host,
        message=answer["unread"],
        before=answer["before"],
    )
    problem.wrote = True
    return problem


def _question(request: SwitchRequest) -> dict[str, Any]:
    return {
        "name": request.name,
        "type": request.type.capitalize(),
        "net_adapter": request.net_adapter or None,
        "allow_management_os": request.allow_management_os,
        "change_type": request.change_type,
        "check_mode": request.check_mode,
    }


def _require_consistency(request: SwitchRequest) -> None:
    if request.type == "external":
        return
    given = {"net_adapter": bool(request.net_adapter), "allow_management_os": request.allow_management_os is not None}
    for option in (name for name, is_given in given.items() if is_given):
        raise ConfigurationError(
            f"{option} is given, and type is {request.type}.", f"{option} is for external switches."
        )


# Only these change the members of a switch with embedded teaming.
_ADD_MEMBER = "change its team on the host (Add-VMSwitchTeamMember, Set-VMSwitchTeam)"


def _refused(request: SwitchRequest, answer: dict[str, Any]) -> Refused:
    found = answer["before"] or {}
    there = f"It is there, of type {str(found.get('type', '')).lower()}" if found else "It is not there"
    adapters = ", ".join(answer["adapters"]) or "none"
    is_team = found.get("embedded_teaming")
    reasons = {
        "unseen": (
            "Whether it is there is not known: the account has no right to administer Hyper-V, which then shows it "
            "nothing.",
            "Use an account of the host's Administrators or Hyper-V Administrators.",
        ),
        "several": ("Several virtual switches have this name.", "Rename all but the one that is meant."),
        "another_type": (
            f"{there}, not {request.type}.",
            "Give another name, or allow it with change_type: the VMs that it connects lose their network meanwhile.",
        ),
        "needs_adapter": (f"{there}, and an external switch needs a network adapter.", "Set net_adapter."),
        "lost_adapter": (
            "It is there, an external switch, and the network adapter that it used is missing: the host has none of "
            "its adapters any more.",
            f"Bring the adapter back, or {_ADD_MEMBER if is_team else 'set net_adapter to another one'}.",
        ),
        "team": (
            f"{there}, with embedded teaming ({', '.join(found.get('adapters') or ['no member'])}): Windows changes "
            "neither the type nor, by Set-VMSwitch, the network adapters of such a switch.",
            f"Leave type and net_adapter as they are there, or {_ADD_MEMBER}; or make a switch of another name.",
        ),
        "sr_iov": (
            f"{there}, with SR-IOV enabled: Windows does not change the type of such a switch.",
            "Make a switch of another name; or remove this one and run the task again, when no VM needs it.",
        ),
        "adapter_taken": (
            f"The network adapter {request.net_adapter} belongs to the virtual switch {answer.get('taken_by')}.",
            "Set net_adapter to one that no switch uses, or use that switch.",
        ),
        "adapter_disabled": (
            f"The network adapter {request.net_adapter} is disabled.",
            "Enable it (Enable-NetAdapter), or set net_adapter to another one.",
        ),
        "lbfo_team": (
            f"The network adapter {request.net_adapter} is a team of NetLbfo, which Windows Server 2022 and newer "
            "refuse for a virtual switch.",
            "Make a switch with embedded teaming of its members (New-VMSwitch -EnableEmbeddedTeaming), or set "
            "net_adapter to a physical one.",
        ),
        "virtual_adapter": (
            f"The network adapter {request.net_adapter} is a virtual adapter, which a virtual switch gives the host.",
            "Set net_adapter to a physical one.",
        ),
        "adapter": (
            f"There is not exactly one network adapter {request.net_adapter}; the host has: {adapters}.",
            "Set net_adapter to the name or the description of one of them.",
        ),
    }
    happened, remedy = reasons[answer["refusal"]]
    return Refused(happened, f"Nothing was changed. {remedy}", host=request.host, before=answer["before"])


CONTRACT = Contract(
    "hyperv_switch",
    {
        "host": {"type": "str"},
        "name": {"type": "str", "required": True},
        "type": {"type": "str", "default": "external", "choices": ["external", "internal", "private"]},
        "net_adapter": {"type": "str"},
        "allow_management_os": {"type": "bool"},
        "change_type": {"type": "bool", "default": False},
    },
    run,
    request_of,
    takes_target=False,
    waits=False,
    asks_azure=False,
    asks_hosts=True,
)
