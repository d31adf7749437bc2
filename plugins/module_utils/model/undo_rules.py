# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undoing a cut-over before its commit: what stands in the way, and what is to be done on each side.

Site Recovery has no such step. The on-premises copies are stopped, and only when each is proved off, or vouched for
where it cannot be asked, the Azure VM is started.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .azure_resources import AzureVm, Lock, Permission
from .lifecycle import Observation, Stage
from .power_states import is_going_off, is_off
from .split_brain import ABSENT, UNDER_WAY, Copy, Sides

SCHEMA_VERSION = 1
START_ACTION = "Microsoft.Compute/virtualMachines/start/action"
SHUT_DOWN, TURN_OFF, AWAIT_OFF, KEEP_OFF = "shut_down", "turn_off", "await_off", "keep_off"
# And in Azure.
START = "start"
# Hyper-V's word for a machine that its host leaves alone when it has started itself.
START_NOTHING = "Nothing"
START_ON_PREMISES = (
    "start the on-premises VM (Start-VM, in a cluster Start-ClusterGroup), and set its automatic start action back if "
    "it was changed"
)
STAYS = "What was written on-premises since the cut-over stays on the on-premises disks, and nowhere else."


@dataclass(frozen=True)
class Objection:
    """Why a cut-over cannot be undone now, and what to do about it."""

    happened: str
    remedy: str


@dataclass(frozen=True)
class Stop:
    """What is to be done with an on-premises copy.

    C(power): shut_down, turn_off (as it is now its guest cannot be asked, so it may have to be turned off), await_off
    (it is going down already), or empty: it is off. C(keeps_off): its host must be kept from starting it.
    """

    copy: Copy
    power: str
    keeps_off: bool


@dataclass(frozen=True)
class Undo:
    """What is to be done for one machine. C(is_started): Azure starts its copy already, or it runs."""

    sides: Sides
    stops: tuple[Stop, ...]
    is_started: bool

    @property
    def changes(self) -> bool:
        """Whether a run would change something."""
        return not self.is_started or bool(self.stops)

    @property
    def is_done(self) -> bool:
        """Whether exactly the Azure copy runs already."""
        return not self.changes and self.sides.azure.is_running


def plan_undo(sides: Sides, *, force_off: bool, vouched: Collection[str]) -> Undo | Objection:
    """Return what undoes the cut-over of one machine, or why nothing may.

    C(force_off) allows to turn a machine off. C(vouched) are the places that somebody vouches for: it counts for those
    that could not be asked, or say that they have no such machine.
    """
    objection = _objection_in_azure(sides)
    found = [
        _objection_on_premises(copy, sides.name, force_off=force_off, vouched=vouched) for copy in sides.on_premises
    ]
    objections = [one for one in (objection, *found) if one is not None]
    if objections:
        remedies = dict.fromkeys(one.remedy for one in objections)
        return Objection("; ".join(one.happened for one in objections), " ".join(remedies))
    # A copy that is off is held, too, and where Azure runs already: its host would start it when it restarts.
    stops = tuple(filter(None, (_stop(copy) for copy in sides.on_premises)))
    return Undo(sides, stops, is_started=sides.azure.is_up)


def _objection_in_azure(sides: Sides) -> Objection | None:
    copy, name = sides.azure, sides.name
    if copy.state == ABSENT:
        return Objection(
            f"The Azure VM of {name} does not exist ({copy.reason}): there is nothing to go back to",
            "Keep the on-premises VM. Look in Azure for what became of the other.",
        )
    if sides.azure_doubt:
        return Objection(
            f"Which Azure VM belongs to {name} is not known: {sides.azure_doubt}",
            "Find the machine's VM in Azure (by its disks, or by the failover job, whose warning 28175 names it). If "
            "the cut-over has to be undone, turn the on-premises VM off and start that one by hand.",
        )
    if not copy.is_known:
        return Objection(
            f"The Azure VM of {name} could not be looked at ({copy.reason or copy.state})",
            "Give the caller Reader at the resource group of the VM."
            if copy.is_target
            else "Find out what happened to it (Azure's activity log), with Reader at the whole subscription. "
            "If it was moved, move it back to its resource group, then run the task again.",
        )
    if copy.is_up and any(one.is_up for one in sides.on_premises):
        return Objection(
            f"Both copies of {name} are up",
            "Find out which of them took the last writes, and stop the other by hand.",
        )
    if copy.is_up and copy.state not in AzureVm.UP:
        return Objection(f"The Azure VM of {name} is {copy.state}", "Run the task again when that is over.")
    if not sides.is_azure_settled:
        return Objection(
            f"The Azure VM of {name} is {copy.state}, and {UNDER_WAY}: its result cannot be determined",
            "Find out who changes or deletes it (Azure's activity log), and run the task again when that has ended.",
        )
    return None


def _objection_on_premises(copy: Copy, name: str, *, force_off: bool, vouched: Collection[str]) -> Objection | None:
    if _is_vouched_for(copy, vouched):
        return None
    if copy.is_unidentified:
        return _objection_to_unidentified(copy, name)
    if copy.is_namesake:
        return None if copy.is_off else _objection_to_namesake(copy, name)
    if copy.state == ABSENT:
        return _objection_to_absent(copy, name)
    if copy.is_hearsay and copy.is_up:
        return Objection(
            f"{name} on {copy.place} is {copy.state}, as VMM says: its host cannot be asked to stop it",
            "Put the host into the inventory or hyperv_hosts; or stop the VM by hand, and refresh it in VMM "
            "(Read-SCVirtualMachine).",
        )
    if not copy.is_known:
        return _objection_to_unknown(copy, name, vouched)
    return None if copy.is_off else _objection_to_stopping(copy, name, force_off=force_off)


def _objection_to_stopping(copy: Copy, name: str, *, force_off: bool) -> Objection | None:
    """Say why a machine that its host shows on, or saved, is not to be stopped, or would not stay off."""
    place = f"{name} on {copy.place}"
    if not copy.is_up:
        return Objection(
            f"{place} is {copy.state}: its memory holds what its disks do not",
            "Start it and shut it down, or delete its saved state (Remove-VMSavedState).",
        )
    if copy.is_clustered:
        return Objection(
            f"{place} is {copy.state} and belongs to a failover cluster, which starts what it finds stopped",
            "Shut its role down in the cluster (Failover Cluster Manager, Shut Down), so that its group is offline.",
        )
    if copy.doubt_once_off is not None:
        return Objection(
            f"{place} is {copy.state}, and if it is stopped, it may run again: {copy.doubt_once_off.words}",
            copy.doubt_once_off.remedy,
        )
    if _power(copy) == TURN_OFF and not force_off:
        return Objection(
            f"{place} is {copy.state}: its guest cannot be shut down",
            "Let it run and shut it down, or allow it to be turned off (force_off: true).",
        )
    return None


def _objection_to_absent(copy: Copy, name: str) -> Objection:
    """Return that a machine that is not where it was failed back to may have been moved, and run there.

    One that is seen elsewhere may be that, or an old copy.
    """
    return Objection(
        f"Where {name} is on-premises, and whether it runs, is not known (on {copy.place}: {copy.reason})",
        "Find out whether it was moved, and put the host that has it into the inventory or hyperv_hosts. Only if it no "
        f"longer exists, or certainly runs nowhere but where it was seen, name {copy.place} in attested_off: two "
        "running copies would be worse than none. Several VMs of a plan that one host does not have need a word each: "
        "undo them one by one.",
    )


def _objection_to_namesake(copy: Copy, name: str) -> Objection:
    return Objection(
        f"On {copy.place} a VM called {name} is {copy.state}, and not known to be the replicated VM ({copy.reason})",
        "Find out which VM it is. This task never stops it.",
    )


def _objection_to_unidentified(copy: Copy, name: str) -> Objection:
    """Return that a machine of the name, in whatever state, does not prove that the replicated one is off.

    The replicated one may have been renamed, and run. Nor may this one be kept from starting, as it may be another's.
    """
    found = _objection_to_namesake(copy, name)
    if copy.doubt is not None:
        return replace(found, remedy=f"{found.remedy} {copy.doubt.remedy}")
    return replace(
        found,
        remedy=f"{found.remedy} Only once the replicated VM is certainly off, and its host does not start it "
        f"(Set-VM -AutomaticStartAction Nothing), name {copy.place} in attested_off: two running copies would be "
        "worse than none. That counts while the VM of its name is off.",
    )


def _objection_to_unknown(copy: Copy, name: str, vouched: Collection[str]) -> Objection:
    why = copy.reason or copy.state
    if copy.machine is not None:
        remedy = (
            copy.doubt.remedy if copy.doubt else "Look at it in Hyper-V Manager, turn it off, and run the task again."
        )
        return Objection(f"Whether {name} stays off on {copy.place} is not known ({why})", remedy)
    if not copy.place:
        return Objection(
            f"Whether {name} is off on-premises is not known ({why})",
            "Let the caller read the hosts of the vault, as Reader does: nobody can vouch for a host without a name. "
            "If the vault no longer has the provider of its host, register that host again; or turn the on-premises VM "
            "off, and start the Azure VM by hand.",
        )
    left = ", ".join(place for place in copy.places if place not in vouched)
    return Objection(
        f"Whether {name} is off on {left} is not known ({why})",
        "Give the task access to the host. Only where the VM certainly does not run there, for example because the "
        "host has no power, name that host in attested_off: two running copies would be worse than none.",
    )


def _power(copy: Copy) -> str:
    if copy.is_off:
        return ""
    if copy.is_running:
        return SHUT_DOWN
    return AWAIT_OFF if is_going_off(copy.state) else TURN_OFF


def _stop(copy: Copy) -> Stop | None:
    """Return what is to be done with a copy; None where nothing is, or nothing can be."""
    if copy.machine is None or not copy.is_known:
        return None
    # A cluster starts its machines by the state of their groups; Hyper-V leaves those to it that it calls clustered.
    keeps_off = not copy.machine.is_clustered and copy.machine.automatic_start_action != START_NOTHING
    power = _power(copy)
    return Stop(copy, power, keeps_off) if power or keeps_off else None


def remains_up(sides: Sides, *, vouched: Collection[str]) -> str:
    """Say why Azure's copy must not be started yet: what is not proved off on-premises; empty where everything is.

    C(vouched) are the places that somebody vouches for: those that could not tell when this was decided. A host that
    has fallen silent since is none of them.
    """
    loose = [copy for copy in sides.on_premises if not (_is_proved_off(copy) or _is_vouched_for(copy, vouched))]
    return ", ".join(f"on {copy.where or 'a host'} it is {copy.state} ({copy.reason})" for copy in loose)


def is_lost(sides: Sides) -> str:
    """Say why the Azure copy that was to be started is no way back any more; empty where nothing speaks against it.

    What could not be read speaks against nothing: it was seen before the on-premises copy was stopped.
    """
    if sides.azure.state == ABSENT or sides.azure_doubt:
        return sides.azure.reason
    return "" if sides.is_azure_settled else f"it is {sides.azure.state}, and {UNDER_WAY}"


def _is_proved_off(copy: Copy) -> bool:
    """Whether a copy was seen off, or is of another machine that is off. One that is absent may run anywhere."""
    return copy.is_off and copy.state != ABSENT and not copy.is_unidentified


def _is_vouched_for(copy: Copy, vouched: Collection[str]) -> bool:
    return _takes_a_word(copy) and bool(copy.places) and all(place in vouched for place in copy.places)


def _takes_a_word(copy: Copy) -> bool:
    """Whether somebody's word can stand for a copy: not where its own host shows it, in whatever state, nor against
    VMM's that it is up. Of one of which only the name is known it stands while that is off."""
    if copy.state == ABSENT:
        return True
    if copy.is_unidentified:
        return is_off(copy.state)
    return copy.is_identified and not (copy.is_known or copy.is_up) and copy.machine is None


def vouched_for(sides: Sides, vouched: Collection[str]) -> list[str]:
    """Return the places that could not tell of a machine whether it is off, of those that somebody vouches for."""
    asked = [place for copy in sides.on_premises if _takes_a_word(copy) for place in copy.places]
    return [place for place in asked if place in vouched]


def objection_to_start(name: str, permissions: Sequence[Permission], locks: Sequence[Lock]) -> Objection | None:
    """Say why Azure would not start a machine for this caller, by rights and locks."""
    if not any(entry.allows(START_ACTION) for entry in permissions):
        return Objection(
            f"The caller may not start the Azure VM of {name}: its roles lack {START_ACTION}",
            "Assign a role with this action at the resource group of the VM, such as Virtual Machine Contributor.",
        )
    binding = [lock.id for lock in locks if lock.forbids_changes]
    if binding:
        return Objection(
            f"A ReadOnly lock keeps the Azure VM of {name} from being started: {', '.join(binding)}",
            "Remove the lock.",
        )
    return None


def no_longer_pending(members: Iterable[Observation]) -> str:
    """Say which machines await the commit of their failback no more, and why; empty where all of them do."""
    gone = [member for member in members if member.stage is not Stage.FAILBACK_COMMIT_PENDING]
    return "; ".join(f"{one.item.friendly_name} is in stage {one.stage.value} ({one.explanation})" for one in gone)


def truth_by_sides(
    every: Sequence[Sides], stopped: frozenset[str] = frozenset(), started: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return what the sides say of who is authoritative, as failures tell it.

    C(stopped) are the ids of the items whose on-premises copy this run has stopped: nothing has run since. C(started)
    are those whose start was sent to Azure, and did not fail: the VM may run before it shows that.
    """
    told = [_truth_of(one, one.item_id in stopped, one.item_id in started) for one in every]
    sides = {side for side, _words in told}
    return {
        "sentence": " ".join(f"{one.sentence()}. {words}." for one, (_side, words) in zip(every, told, strict=True)),
        "authoritative_side": sides.pop() if len(sides) == 1 else "mixed",
        "reversible": all(one.azure.state != ABSENT for one in every),
    }


def _truth_of(sides: Sides, is_stopped: bool, is_started: bool) -> tuple[str, str]:
    """Return which side is authoritative of one machine, and the same in words."""
    home = bool(sides.on_premises_up)
    if is_started and not sides.azure.is_up and not home:
        return "mixed", "Azure was asked to start its VM, which is authoritative once it runs"
    if sides.azure.is_up and not sides.azure.is_running and not home:
        return "mixed", f"Its Azure VM is {sides.azure.state}; it is authoritative once it runs"
    if sides.azure.is_up and sides.on_premises_is_known and not home:
        return "azure", "The Azure VM is authoritative: it alone runs"
    if sides.azure.is_up or not sides.azure.is_known:
        return "mixed", "Which side is authoritative cannot be determined"
    if home:
        return "on_premises", "The on-premises VM is authoritative"
    unless = "" if is_stopped else ", unless the Azure VM has run since the cut-over"
    return "on_premises", f"No copy is known to run. The on-premises disks hold the latest data{unless}"
