# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The split-brain check: which copies of a machine run, by what each side says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import azure_use
from .azure_resources import AzureVm
from .azure_use import AzureUse
from .hyperv_hosts import HostVm, StartDoubt
from .name_lists import some_of
from .operational_status import lost_storage, what_holds
from .power_states import is_off, is_running, is_up, says_power, state_of

NOT_CHECKED = "not_checked"
ABSENT = "absent"
UNDER_WAY = "an operation of it is under way"
PROVED = "proved"
OTHER_COPY = "other_copy"


@dataclass(frozen=True)
class Copy:
    """One copy of a machine.

    C(place) is the resource id of an Azure VM or the name of a host. C(state) is in the words of Azure compute or
    Hyper-V, or C(absent), or C(not_checked) with the C(reason). C(is_namesake): a machine that has only the name;
    C(is_unidentified): one of that name of which nothing tells whether it is the one. What either does proves nothing
    of the machine that is meant. C(is_target) is False where it is not where it is expected: not on the host that the
    machine is failed back to, not at the id that the item names. C(is_claimed): a cluster or VMM has it, though nobody
    saw it: no second one may be made; C(is_said_down): that says that it is not up. C(is_recorded): the state is that
    of VMM's record, and nobody asked the host; C(is_hearsay): it is the power that VMM last heard of from there.
    C(doubt): it is off, and may run soon, so that its state is C(not_checked); C(doubt_once_off): it is not off, and
    may run again where somebody stops it. C(machine) is what its own host said of it; None for one in Azure, or of
    which only VMM knows. C(is_clustered): a failover cluster decides when it runs. C(more): the other hosts of which
    the same is said, as nobody may ask them: a site can have hundreds.
    """

    place: str
    state: str
    reason: str = ""
    is_namesake: bool = False
    is_unidentified: bool = False
    is_target: bool = True
    is_claimed: bool = False
    is_said_down: bool = False
    is_recorded: bool = False
    is_hearsay: bool = False
    is_clustered: bool = False
    doubt: StartDoubt | None = None
    doubt_once_off: StartDoubt | None = None
    machine: HostVm | None = None
    more: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """Every place that this is said of; none where no name is known."""
        return (self.place, *self.more) if self.place else ()

    @property
    def where(self) -> str:
        """The places, for a person: of many, the first."""
        return some_of(self.places)

    @property
    def is_known(self) -> bool:
        """Whether its side told whether it runs. Hearsay speaks against a step, and never for one."""
        return self.is_identified and not self.is_hearsay and (self.state == ABSENT or says_power(self.state))

    @property
    def is_identified(self) -> bool:
        """Whether it is the machine that is meant."""
        return not (self.is_namesake or self.is_unidentified)

    @property
    def is_there(self) -> bool:
        """Whether it was seen, or heard of: by its own host also in a state that says nothing."""
        is_told = self.is_known or (self.is_identified and (self.is_hearsay or self.machine is not None))
        return is_told and self.state != ABSENT

    @property
    def is_off(self) -> bool:
        """Whether it is off, or not there: a synchronization may write to its disks."""
        return self._is_told_off and not self.is_hearsay

    @property
    def _is_told_off(self) -> bool:
        return self.state == ABSENT or is_off(self.state)

    @property
    def is_up(self) -> bool:
        """Whether it runs, or is about to, or has stopped on the way; or VMM last heard so."""
        return (self.is_known or (self.is_identified and self.is_hearsay)) and is_up(self.state)

    @property
    def is_running(self) -> bool:
        """Whether it serves: not one that is paused, starting or in trouble."""
        return self.is_known and is_running(self.state)

    @property
    def is_in_the_way(self) -> bool:
        """Whether a failback must not write where it is: it was seen and is not off, be it only a namesake.

        Where its own host shows it in a state that is new or says nothing, and where it was seen that it may run soon,
        it is as well. What VMM's record says besides its power tells no more than a host that nobody asked.
        """
        if self.doubt is not None:
            return self.doubt.is_seen
        if self.machine is not None or says_power(self.state):
            return not self._is_told_off
        # Of what its own host has not shown, nothing, or VMM's word on its record, tells no more than silence.
        is_untold = self.state in ("", ABSENT, NOT_CHECKED) or self.is_recorded
        return not is_untold and state_of(self.state).side is None


@dataclass(frozen=True)
class Sides:
    """Every copy of one machine at one moment.

    C(azure_vm) is what was read of the one in Azure, C(azure_use) what became of that since the cut-over, while the
    commit is pending. C(azure_doubt) is why the VM that was read there is not known to be the machine's; empty where it
    is, or where none was read.
    """

    item_id: str
    name: str
    azure: Copy
    on_premises: tuple[Copy, ...]
    azure_vm: AzureVm | None = None
    azure_use: AzureUse | None = None
    azure_doubt: str = ""

    @property
    def is_azure_used(self) -> bool:
        """Whether the Azure VM is off, but was used since the cut-over: each copy may hold what the other does not."""
        return self.azure_use is not None and self.azure_use.verdict == azure_use.OPERATED

    @property
    def is_proved(self) -> bool:
        """Whether both sides told their state, and Azure whether its copy was used since the cut-over. A host that has
        no such machine does not tell where else it may run."""
        unknown = self.azure_use is not None and self.azure_use.verdict == azure_use.NOT_CHECKED
        is_told = self.runs not in (NOT_CHECKED, OTHER_COPY) and not self.denied_by
        return is_told and not unknown and not self.azure_doubt

    @property
    def runs(self) -> str:
        """Which side runs: C(azure), C(on_premises), C(other_copy), C(several), C(none), or C(not_checked) where
        that is not known.

        C(other_copy) is one on another host than the machine was failed back to: it may be an old one.
        """
        copies = (self.azure, *self.on_premises)
        up = [copy for copy in copies if copy.is_up]
        if len(up) > 1:
            return "several"
        if not all(copy.is_known for copy in copies):
            return NOT_CHECKED
        if not (up and up[0].is_running):
            return "none"
        if up[0] is self.azure:
            return "azure"
        return "on_premises" if up[0].is_target else OTHER_COPY

    @property
    def in_the_way(self) -> list[Copy]:
        """The on-premises machines that must be off before a failback goes on, and are not."""
        return [copy for copy in self.on_premises if copy.is_in_the_way]

    @property
    def busy_disks(self) -> dict[str, list[str]]:
        """What keeps the disks of the on-premises copies from being written to, by the host: operations of Hyper-V, or
        that their storage is away."""
        copies = [copy for copy in self.on_premises if copy.is_target and not copy.is_namesake]
        return _by_place(copies, what_holds)

    @property
    def without_storage(self) -> dict[str, list[str]]:
        """The on-premises copies that run, or should, and do not reach their disks, by the host."""
        copies = [copy for copy in self.on_premises if (copy.is_target or copy.is_up) and not copy.is_namesake]
        return _by_place(copies, lost_storage)

    @property
    def claimed(self) -> list[Copy]:
        """The on-premises copies that a cluster or VMM has, and that nobody saw."""
        return [copy for copy in self.on_premises if copy.is_claimed]

    @property
    def on_premises_up(self) -> list[Copy]:
        """The on-premises copies that are up."""
        return [copy for copy in self.on_premises if copy.is_up]

    @property
    def on_premises_is_known(self) -> bool:
        """Whether every on-premises place that matters told the state of its copy."""
        return all(copy.is_known for copy in self.on_premises)

    @property
    def is_missing_on_premises(self) -> bool:
        """Whether the hosts say that there is no on-premises copy."""
        return is_missing(self.on_premises)

    @property
    def is_down_on_premises(self) -> bool:
        """Whether the on-premises copy was seen and does not run, and no host of a known name was left unread.

        Which host the item's provider is on may be unknown: then whatever was seen is the copy. One that may run soon
        was seen not to run.
        """
        copies = self.on_premises
        unknown = (copy for copy in copies if not copy.is_known and copy.doubt is None)
        silent = any(copy.place and copy.is_identified for copy in unknown)
        return any(copy.is_there for copy in copies) and not silent and not any(copy.is_running for copy in copies)

    @property
    def runs_on_premises(self) -> bool:
        """Whether the copy that the machine was failed back to was seen running, and no other is up."""
        return any(copy.is_target and copy.is_running for copy in self.on_premises) and len(self.on_premises_up) == 1

    @property
    def runs_elsewhere(self) -> bool:
        """Whether a copy is up, and none was seen up where the machine was failed back to, or nobody knows where that
        is: it was moved, or is an old one."""
        return bool(self.on_premises_up) and not any(copy.is_target and copy.is_up for copy in self.on_premises)

    @property
    def may_be_another(self) -> bool:
        """Whether what answers on-premises may be another copy, or none at all: evidence does not tell which."""
        copies = self.on_premises
        is_anywhere = any(not copy.place and copy.is_target for copy in copies)
        is_down = any(copy.is_said_down or (is_anywhere and copy.is_there) for copy in copies)
        return self.runs_elsewhere or bool(self.denied_by) or is_down

    @property
    def at_home(self) -> tuple[Copy, ...]:
        """The copies where the machine is failed back to; all of them where nobody knows where that is."""
        homes = tuple(copy for copy in self.on_premises if copy.is_target)
        return homes if homes and all(copy.place for copy in homes) else self.on_premises

    @property
    def denied_by(self) -> list[str]:
        """The host that the machine was failed back to, where that says that it has no such one."""
        return [copy.place for copy in self.on_premises if copy.is_target and copy.state == ABSENT]

    @property
    def is_down_at_home(self) -> bool:
        """Whether the copy was seen where the machine was failed back to, and does not run."""
        homes = [copy for copy in self.on_premises if copy.is_target and copy.is_there]
        return any(copy.doubt is not None or (copy.is_known and not copy.is_running) for copy in homes)

    @property
    def is_azure_changing(self) -> bool:
        """Whether an operation of the Azure VM is under way: it is being deleted or changed, started or stopped."""
        return self.azure_vm is not None and self.azure_vm.is_changing

    @property
    def is_azure_settled(self) -> bool:
        """Whether nothing but its start may be under way with the Azure VM."""
        return self.azure_vm is None or self.azure_vm.is_settled

    def unseen(self, *, discards_azure: bool) -> dict[str, str]:
        """Return why a side was not seen as a commit needs it: C(azure) off and unused, C(on_premises) running.

        C(discards_azure): what the Azure VM wrote since the cut-over may go, so that it need not be known.
        """
        doubts = {
            "azure": self._azure_doubt(discards_azure),
            "on_premises": "" if self.runs_on_premises else self._on_premises_doubt(),
        }
        return {side: doubt for side, doubt in doubts.items() if doubt}

    @property
    def changes_in_azure(self) -> str:
        """Why the Azure VM may hold what was written since the cut-over: it was used, or nobody knows. Empty where it
        was not, and where something else of it is in doubt."""
        if self._azure_doubt(discards_azure=True):
            return ""
        if self.azure_use is not None and self.is_azure_used:
            return self.azure_use.seen
        return self._azure_doubt(discards_azure=False)

    def _azure_doubt(self, discards_azure: bool) -> str:
        azure, use = self.azure, self.azure_use
        if self.azure_doubt:
            return self.azure_doubt
        if not (azure.is_there and azure.is_target):
            return azure.reason
        if not azure.is_off:
            return f"it is {azure.state}"
        if self.azure_vm is not None and self.azure_vm.failure:
            return f"its last operation failed: {self.azure_vm.failure}"
        if discards_azure or (use is not None and use.verdict != azure_use.NOT_CHECKED):
            return ""
        return use.reason if use is not None else "whether it was used since the cut-over was not read"

    def _on_premises_doubt(self) -> str:
        return "; ".join(f"{copy.where or 'its host'}: {copy.state} ({copy.reason})" for copy in self.on_premises)

    def sentence(self) -> str:
        """Say what was seen: the state of each copy."""
        copies = [f"on {copy.where} it is {_told(copy)}" for copy in self.on_premises]
        used = f"; {self.azure_use.reason}" if self.azure_use is not None and self.is_azure_used else ""
        return f"{self.name}: its Azure VM is {_told(self.azure)}, {', '.join(copies)}{used}"

    def as_result(self) -> dict[str, Any]:
        """Return the sides for a result."""
        azure, *others = (
            {"state": _state_of(copy), "reason": copy.reason, key: copy.where or None}
            for key, copy in (("id", self.azure), *(("host", copy) for copy in self.on_premises))
        )
        return {"vm": self.name, "runs": self.runs, "azure": azure, "on_premises": others}


def _by_place(copies: Iterable[Copy], told_by: Callable[[Iterable[str]], list[str]]) -> dict[str, list[str]]:
    """Return what hosts say of copies in their operational status, by the host; nothing of those that are well."""
    told = {copy.place: told_by(copy.machine.operational_status) for copy in copies if copy.machine}
    return {place: words for place, words in told.items() if words}


def _told(copy: Copy) -> str:
    if not copy.is_known and copy.is_identified:
        return f"not known ({copy.reason})"
    # Of what is absent the reason says where it was looked for.
    tells_all = copy.is_identified and copy.is_target and copy.state != ABSENT
    return copy.state if tells_all else f"{copy.state} ({copy.reason})"


def _state_of(copy: Copy) -> str:
    """Return the state for a result: that of a namesake is not the machine's."""
    return copy.state if copy.is_identified else NOT_CHECKED


def is_missing(copies: Sequence[Copy]) -> bool:
    """Say whether the hosts say that there is no copy: all that could have one were asked. A namesake is none."""
    return all(copy.state == ABSENT or copy.is_namesake for copy in copies)


def may_be_missing(machines: Sequence[Sequence[Copy]], *, creates: bool) -> bool:
    """Say whether there may be nothing on-premises to compare with, for one of several machines' on-premises copies.

    Where a missing VM is to be created and its hosts could not be asked, it may be.
    """
    unknown = not machines or any(not (copy.is_known or copy.is_there) for copies in machines for copy in copies)
    return any(is_missing(copies) for copies in machines) or (creates and unknown)


def at_place(copies: Sequence[Copy], place: str) -> tuple[Copy, ...]:
    """Return the copies at a place, of a host's name; all of them where no place is given."""
    return tuple(copy for copy in copies if not place or any(one.lower() == place.lower() for one in copy.places))


def verdict_of(sides: Sequence[Sides]) -> str:
    """Say whether both sides of every machine were asked: C(proved) or C(not_checked)."""
    return PROVED if sides and all(one.is_proved for one in sides) else NOT_CHECKED


def last_check(steps: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what split_brain_result() made of the last of the results of steps that has it; empty where none has."""
    checks = [step["split_brain_check"] for step in steps if step.get("split_brain_check")]
    return checks[-1] if checks else {}


def last_seen(steps: Iterable[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return both sides of each virtual machine as that check showed them last; none where there was none."""
    check = last_check(steps)
    return check["after"] or check["before"] if check else ()


def split_brain_result(before: Sequence[Sides], after: Sequence[Sides]) -> dict[str, Any]:
    """Return the proof for a result. The verdict is on what was seen last."""
    return {
        "verdict": verdict_of(after or before),
        "before": [one.as_result() for one in before],
        "after": [one.as_result() for one in after],
    }
