# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The split-brain check: before a side is started the other is proved off, afterwards exactly one side runs.

Site Recovery's word alone is no proof: the Azure VM and the Hyper-V hosts are looked at. What cannot be asked is said
to be C(not_checked).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..azure.session import AzureSession
from ..model.failures import Contradiction, Refused
from ..model.lifecycle import Observation, Stage
from ..model.split_brain import ABSENT, UNDER_WAY, Sides, split_brain_result
from ..runner.authority import authority_of
from ..runner.loop import VerbRun
from ..runner.request import Request
from ..runner.services import Services
from ..runner.target import use_of
from .azure_vm import azure_copy
from .on_premises import OnPremises, Placed

_REPORTED = "Site Recovery reports that"
_CUT_OVER = frozenset({Stage.FAILBACK_COMMIT_PENDING})
_COMMITTED = frozenset({Stage.FAILED_BACK, Stage.REVERSE_REPLICATING, Stage.PROTECTED})
_IN_AZURE = frozenset({Stage.FAILOVER_COMMIT_PENDING})
# By what is up: what to do, which side is authoritative, and the same as a value (empty: as the stage says).
_JUDGMENTS = {
    "both": (
        "Do not commit. Two copies of the VM may be running, unless the failback was undone (undo_failback). Find out "
        "which one took the last writes, stop the other, then run the task again.",
        "Which side is authoritative cannot be determined",
        "mixed",
    ),
    "twice": (
        "Do not commit. Find out which of the on-premises copies took the last writes, stop the other, then run the "
        "task again.",
        "The on-premises side is authoritative, but two copies run there",
        "on_premises",
    ),
    "azure": (
        "Do not commit: that would delete the copy that runs. After undo_failback this is expected, and its "
        "documentation says what can follow. Otherwise check the failback job in the portal and the host's events, "
        "then run the task again.",
        "The Azure VM is authoritative: it alone runs",
        "azure",
    ),
    "other_copy": (
        "Do not commit. The copy that runs is on another host than the VM was failed back to, so it may be as old as "
        "the failover. Turn it off, start the one that was failed back to, and validate that.",
        "The on-premises copy on the host that it was failed back to is authoritative, and it does not run",
        "on_premises",
    ),
    "on_premises": (
        "Look at the failover job in the portal, then run the task again.",
        "The on-premises VM is authoritative: it alone runs",
        "on_premises",
    ),
    "used": (
        "Do not commit: that deletes whatever the Azure VM wrote since the cut-over. Find out who used it (Azure's "
        "activity log, an undo) and which copy took the last writes. If it was the Azure VM, keep the "
        "on-premises copy off; the documentation of undo_failback says what can follow. If what Azure wrote may be "
        "deleted, see that the on-premises VM runs, validate it anew, and commit with discard_azure_changes: true.",
        "Which side is authoritative cannot be determined",
        "mixed",
    ),
    "unseen": (
        "Do not commit: it would delete the other copy. Find out whether the Azure VM runs or was used since the "
        "cut-over, and why the VM does not run where it should. If the Azure VM was not, start the on-premises one, "
        "then run the task again.",
        "Which side is authoritative cannot be determined",
        "mixed",
    ),
    "none": (
        "Do not commit: it would delete the other copy. Find out why the VM does not run where it should, start it "
        "there, then run the task again.",
        "Neither copy runs; the side that Site Recovery names took the last changes",
        "",
    ),
}

_TURN_OFF = (
    "Find out which copy took the last writes; if that is the Azure VM, turn the on-premises VM off, and remove a "
    "saved state (Remove-VMSavedState), then run the task again."
)
_IF_GONE = (
    "Nothing was written. Find out who deleted the VM in Azure (its activity log), or whether it was moved to another "
    "subscription: then move it back. Its disks may still be there: where it was deleted, make a VM of the same name "
    "from them, or from a backup, then run the task again. Cancel no job and start nothing on-premises before that is "
    "settled: what is there is older."
)
_IF_ELSEWHERE = (
    "Nothing was written. Find out what happened to the VM (Azure's activity log), with Reader at the whole "
    "subscription. If it was moved, move it back to its resource group, then run the task again. Make no VM in its "
    "place, cancel no job and start nothing on-premises before that is settled: what is there is older."
)


class SplitBrainCheck:
    """The check of one verb: what was proved before its write, and after. C(target_host) as the user named it.

    C(anew): every host is asked anew, whoever else of the run has just asked it. C(beyond_site): a VM that its own host
    does not have may have been moved to any host that the user has named.
    """

    def __init__(
        self,
        services: Services,
        request: Request,
        *,
        target_host: str = "",
        anew: bool = False,
        beyond_site: bool = False,
    ) -> None:
        self._services = services
        self._request = request
        self._target_host = target_host
        self._anew = anew
        self._beyond_site = beyond_site
        # A failback to another host changes the host that Site Recovery names; the old one still has its copy.
        self._asked: dict[str, tuple[str, ...]] = {}
        self.before: list[Sides] = []
        self.after: list[Sides] = []

    def look(self, members: Sequence[Observation]) -> list[Sides]:
        """Read both sides of each member now."""
        items = [member.item for member in members]
        hosts = OnPremises(
            self._services,
            target_host=self._target_host,
            also=self._asked,
            power_only=True,
            anew=self._anew,
            beyond_site=self._beyond_site,
        )
        placed = hosts.place(items)
        self._asked.update({item_id: one.asked for item_id, one in placed.items()})
        return [sides_of(self._services.azure, member, placed[member.item.id]) for member in members]

    def expect_off_on_premises(self, members: Sequence[Observation]) -> list[Sides]:
        """Prove, before a step towards on-premises, that every on-premises copy is off and Azure has its copy.

        Raises Refused, also while the Azure VM is being changed or deleted: the step would fail half-way.
        """
        seen = self._seen_before(self.look(members))
        gone = [one for one in seen if one.azure.state == ABSENT or not one.azure.is_target]
        if gone:
            raise _nothing_at_its_id(gone)
        _refuse_changing(seen)
        wrong = [one for one in seen if one.in_the_way]
        if wrong:
            raise _in_the_way(wrong)
        busy = [one for one in seen if one.busy_disks]
        if busy:
            raise _busy_disks(busy)
        return seen

    def expect_off_in_azure(self, members: Sequence[Observation]) -> list[Sides]:
        """Prove, before a failover to Azure, that no Azure VM of the name is up there. Raises Refused."""
        seen = self._seen_before(self.look(members))
        # One that has only the name is in the way, too: the failover would give the machine another name.
        up = [one for one in seen if one.azure.is_in_the_way]
        if up:
            raise Refused(
                f"{_sentences(up)}. While the on-premises copy is authoritative, no VM of that name may run in Azure.",
                "Nothing was written. Stop or delete the Azure VM, then run the task again.",
                sides=[one.as_result() for one in up],
            )
        return seen

    def expect_on_premises(
        self, verb_run: VerbRun, members: Sequence[Observation], *, discards_azure: bool, accepted: Collection[str]
    ) -> list[Sides]:
        """Prove, before a commit deletes the Azure VM, that the on-premises copy alone runs and alone ran.

        C(discards_azure): what the Azure VM wrote since may go. C(accepted) are the ids of items of which a person has
        accepted that the on-premises copy was not seen: that no host has it does not count against these. Nothing
        speaks against it in what is returned; whether enough speaks for it is another question. Raises Contradiction,
        and Refused while the Azure VM is being changed, or where the on-premises copy runs and does not reach its
        disks.
        """
        seen = self._seen_before(self._prove(verb_run, members, "on_premises", accepted=accepted))
        _refuse_changing(seen)
        used = [] if discards_azure else [one for one in seen if one.is_azure_used]
        if used:
            raise self._contradiction(verb_run, used, "on_premises", _REPORTED)
        if storage_doubt(seen):
            raise _without_storage(seen)
        return seen

    def _seen_before(self, seen: list[Sides]) -> list[Sides]:
        """Keep what was seen before a write: of what is looked at again, the last; of what was started, that before."""
        self.before = list({one.item_id: one for one in (*self.before, *seen)}.values())
        return seen

    def expect_azure_alone(self, verb_run: VerbRun) -> dict[str, Any]:
        """Prove, after an undo, that exactly the Azure copies run; return the proof. Raises Contradiction."""
        self.after = self._prove(verb_run, verb_run.after.members, "azure", said="The failback was undone, so that")
        return split_brain_result(self.before, self.after)

    def prove(self, verb_run: VerbRun) -> dict[str, Any]:
        """Prove, after a step, that exactly the side runs that the stage names; return the proof for the result.

        Nothing is looked at where check mode only predicts, or takes a stage for given. Raises Contradiction.
        """
        if not (verb_run.predicted or self._request.predicts):
            members = verb_run.after.members
            home = [member for member in members if member.stage in _CUT_OVER | (_COMMITTED & _moved(verb_run))]
            away = [member for member in members if member.stage in _IN_AZURE & _moved(verb_run)]
            self.after = self._prove(verb_run, home, "on_premises") + self._prove(verb_run, away, "azure")
        return split_brain_result(self.before, self.after)

    def _prove(
        self,
        verb_run: VerbRun,
        members: Sequence[Observation],
        side: str,
        said: str = _REPORTED,
        accepted: Collection[str] = (),
    ) -> list[Sides]:
        sides = self.look(members) if members else []
        missing = [one for one in sides if one.is_missing_on_premises and not one.azure.is_up]
        excused = [one for one in missing if one.item_id in accepted]
        wrong = [one for one in sides if one not in excused and _contradicts(one, side)]
        if wrong:
            raise self._contradiction(verb_run, wrong, side, said)
        return sides

    def _contradiction(self, verb_run: VerbRun, wrong: Sequence[Sides], side: str, said: str) -> Contradiction:
        where = "on-premises" if side == "on_premises" else "in Azure"
        found = {_situation(one) for one in wrong}
        remedy, sentence, holder = next(value for key, value in _JUDGMENTS.items() if key in found)
        problem = Contradiction(
            f"{said} {self._request.target} runs {where}, but the copies contradict that: {_sentences(wrong)}",
            remedy,
            sides=[one.as_result() for one in wrong],
        )
        problem.asked = f"Check of both sides of {self._request.target}"
        known = authority_of(verb_run.before, verb_run.after)
        problem.authority = {**known, "sentence": sentence, "authoritative_side": holder or known["authoritative_side"]}
        return problem


def _nothing_at_its_id(missing: Sequence[Sides]) -> Refused:
    """Return why no failback begins. Only where every VM is known to be nowhere else may one be made in its place."""
    is_gone = all(one.azure.state == ABSENT for one in missing)
    nothing = (
        "There is no VM in Azure to bring back" if is_gone else "Site Recovery brings back what is at that id alone"
    )
    problem = Refused(
        f"{_sentences(missing)}. {nothing}, so a failback can only fail, and leave the on-premises disks inconsistent.",
        _IF_GONE if is_gone else _IF_ELSEWHERE,
        sides=[one.as_result() for one in missing],
    )
    lost = "Azure has no such VM any more" if is_gone else "it is not where the replicated item says"
    problem.authority = {"sentence": f"The Azure VM was authoritative, and {lost}"}
    return problem


def _refuse_changing(seen: Sequence[Sides]) -> None:
    changing = [one for one in seen if one.is_azure_changing]
    if not changing:
        return
    names = "; ".join(f"{one.name}: its Azure VM is {one.azure.state}, and {UNDER_WAY}" for one in changing)
    raise Refused(
        f"{names}. The result cannot be determined until that has ended.",
        "Nothing was written. Find out who changes or deletes it (Azure's activity log), wait until that has ended, "
        "then run the task again.",
        sides=[one.as_result() for one in changing],
    )


def sides_of(session: AzureSession, member: Observation, placed: Placed) -> Sides:
    """Read the Azure side of an item and put both sides together."""
    item = member.item
    # After a commit it has to be gone.
    copy, side = azure_copy(session, item, finds_moved=member.stage not in _COMMITTED)
    # What was read of it now counts, not what was seen when its stage was.
    use = use_of(session, member, side) if copy.is_known and member.azure_use is not None else member.azure_use
    tells = use is not None and side.vm is not None and use.reason and not side.doubt
    told = replace(copy, reason=f"{copy.reason}; {use.reason}") if use is not None and tells else copy
    vm = None if side.is_another else side.vm
    return Sides(item.id, item.friendly_name, told, placed.copies, vm, use, side.doubt)


def _moved(verb_run: VerbRun) -> frozenset[Stage]:
    """Return the stages that this run brought members to: of others nothing was claimed."""
    return frozenset(member.stage for member in verb_run.after.members if member.item.id in verb_run.jobs)


def _contradicts(sides: Sides, side: str) -> bool:
    """Whether what is known speaks against exactly this side running. What is not known does not."""
    if side == "azure":
        return bool(sides.on_premises_up) or (sides.azure.is_known and not sides.azure.is_up)
    if sides.is_down_at_home and sides.runs_elsewhere:
        return True
    running = [copy for copy in sides.on_premises if copy.is_running]
    nobody_home = (sides.on_premises_is_known and not running) or sides.is_down_on_premises
    return sides.azure.is_up or nobody_home or sides.runs == "several"


def _situation(sides: Sides) -> str:
    """Return what is up, by what is known: a key of the judgments, of which the first is the worst."""
    up = sides.on_premises_up
    if sides.azure.is_up:
        return "azure" if sides.on_premises_is_known and not up else "both"
    if len(up) > 1:
        return "twice"
    if sides.is_azure_used:
        return "used"
    if up and not up[0].is_target:
        return "other_copy"
    if up and up[0].is_running:
        return "on_premises" if sides.azure.is_known else "both"
    return "none" if sides.azure.is_known else "unseen"


def _in_the_way(sides: Sequence[Sides]) -> Refused:
    """Return that an on-premises copy is not off, or may run soon."""
    doubts = [copy.doubt for one in sides for copy in one.in_the_way]
    remedies = dict.fromkeys(doubt.remedy if doubt else _TURN_OFF for doubt in doubts)
    return Refused(
        f"{_sentences(sides)}. While Azure is authoritative, the on-premises copy must be off: what is written to it "
        "would be lost, and both copies may have been written to.",
        f"Nothing was written. {' '.join(remedies)}",
        sides=[one.as_result() for one in sides],
    )


def _busy_disks(sides: Sequence[Sides]) -> Refused:
    """Return that nothing can be written to the disks of an on-premises copy now."""
    told = _by_place((one.name, one.busy_disks) for one in sides)
    return Refused(
        "The disks of the on-premises copy cannot be written to, as Hyper-V has an operation in progress on it or does "
        f"not reach its storage ({told}).",
        "Nothing was written. Wait until the operation has ended (Status in Hyper-V Manager), end the backup or job "
        "that does it, or bring the storage back; then run the task again.",
        sides=[one.as_result() for one in sides],
    )


def storage_doubt(sides: Sequence[Sides]) -> str:
    """Say which on-premises copies do not reach their disks; empty where all do, as far as was seen."""
    told = _by_place((one.name, one.without_storage) for one in sides)
    return f"the on-premises copy does not reach its disks ({told})" if told else ""


def _without_storage(sides: Sequence[Sides]) -> Refused:
    """Return that an on-premises copy does not reach its disks: the other one is not deleted for it."""
    return Refused(
        f"As {storage_doubt(sides)}, it may answer from its memory, and nothing that it writes is kept. A commit "
        "deletes the VM in Azure and its disks for good.",
        "Nothing was written. Bring its storage back, see that the VM works (failback_validate), then run the task "
        "again.",
        sides=[one.as_result() for one in sides],
    )


def _by_place(told: Iterable[tuple[str, Mapping[str, Sequence[str]]]]) -> str:
    """Say what Hyper-V shows of machines, on which host."""
    return "; ".join(f"{name} on {place}: {', '.join(words)}" for name, by in told for place, words in by.items())


def _sentences(sides: Sequence[Sides]) -> str:
    return "; ".join(one.sentence() for one in sides)
