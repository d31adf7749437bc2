# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet: many hosts of an inventory whose VMs are cut over in waves, and which of them go on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .arm_ids import folded, last_segment, vault_of
from .confirmation import CommitDeletion, Confirmation, confirmation_token, require_confirmed
from .durations import in_words
from .failback_steps import BACK, COMMITTED
from .failures import ConfigurationError, Refused
from .name_lists import some_of
from .packed import whole
from .wave_packing import CAPS
from .waves import WaveOptions, plan_waves

NOT_STARTED = "not_started"
_WAITING = "waiting_for_window"
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")

Tally = Mapping[str, Mapping[str, Any]]
# What the tally keeps of a result.
_TALLIED = ("outcome", "stage", "authoritative_side", "reversible", "vms")


@dataclass(frozen=True)
class Member:
    """A host of the fleet. C(variables) are those of the inventory that order it, C(run) is what the last task has
    returned for it."""

    name: str
    variables: Mapping[str, Any]
    run: Mapping[str, Any]


def fleet_plan(members: Sequence[Member], options: WaveOptions) -> dict[str, Any]:
    """Return the waves of a fleet as C(failback_waves) plans them, with C(order), C(sizes), and by host
    C(wave_of), C(needs) and C(places).

    Raises ConfigurationError where there are none.
    """
    _refuse_shared(members)
    plan = plan_waves([_wave_vm(member) for member in members], options)
    vms = {vm["name"]: vm for wave in plan["waves"] for vm in wave["vms"]}
    return {
        **plan,
        "lines": [*(_wave_line(wave) for wave in plan["waves"]), *_memory_lines(plan["memory"])],
        "order": [*vms],
        "sizes": [len(wave["vms"]) for wave in plan["waves"]],
        "wave_of": {vm["name"]: wave["wave"] for wave in plan["waves"] for vm in wave["vms"]},
        "needs": {name: vm["depends_on"] for name, vm in vms.items()},
        "ranks": {name: vm["rank"] for name, vm in vms.items()},
        "places": {name: {place: vm[place] for place in CAPS.values()} for name, vm in vms.items()},
    }


def _wave_line(wave: Mapping[str, Any]) -> str:
    names, downtime = [vm["name"] for vm in wave["vms"]], wave["downtime"]["seconds"]
    down = "" if downtime is None else f"; down for about {in_words(downtime)}"
    return f"Wave {wave['wave']}: {', '.join(names)}{down}"


def _memory_lines(memory: Mapping[str, Any]) -> list[str]:
    return [] if memory["status"] == "pass" else [f"The memory of the hosts is not checked: {memory['reason']}"]


@dataclass(frozen=True)
class Deletions:
    """What the commits of a fleet would delete. C(token) confirms all of it, empty where there is nothing, or where it
    is not known of the hosts in C(unknown). C(confirmed) are the ids by host."""

    token: str
    confirmed: Mapping[str, Sequence[str]]
    unknown: Sequence[str]

    @property
    def lines(self) -> list[str]:
        """What a person has to see before confirming it."""
        if self.unknown:
            return [f"Nothing can be confirmed: what the commits of {some_of(self.unknown)} would delete is not known."]
        if not self.token:
            return ["There is no commit to confirm."]
        told = {name: [last_segment(one) for one in ids] for name, ids in self.confirmed.items() if ids}
        return [
            "The commits would delete, in Azure:",
            *(f"  {name}: {', '.join(resources)}" for name, resources in sorted(told.items())),
            f"Let a run commit exactly these: -e failback_confirm={self.token}",
        ]


def deletions_of(members: Sequence[Member]) -> Deletions:
    """Return what the commits of a fleet would delete, by what the prerequisites have seen."""
    confirmed: dict[str, list[str]] = {}
    commits: list[CommitDeletion] = []
    unknown: list[str] = []
    for member in members:
        ahead = list(_commits_ahead(member))
        if any(one.resource_ids is None for one in ahead):
            unknown.append(member.name)
        confirmed[member.name] = [resource for one in ahead for resource in one.resource_ids or ()]
        commits += ahead
    vaults = sorted({vault_of(one.item_id) for one in commits})
    token = confirmation_token(",".join(vaults), commits) if commits and not unknown else ""
    return Deletions(token, confirmed, unknown)


def confirmation_of(deletions: Deletions, given: Confirmation | None, now: datetime) -> dict[str, Any]:
    """Return what a person has confirmed of what the commits of a fleet would delete, and who.

    C(given) is what the person gave, None where nobody has to confirm. Raises Refused where that is something else.
    """
    if given is None:
        return {"confirmed_by": None, "confirmations": None}
    if deletions.unknown:
        raise Refused(
            f"What the commits of {some_of(deletions.unknown)} would delete is not known, so it cannot be confirmed.",
            "Nothing was written. See the findings of the prerequisites, or leave these hosts out.",
        )
    if deletions.token:
        require_confirmed(given, deletions.token, now)
    return {
        "confirmed_by": given.by,
        "confirmations": {name: [*ids] for name, ids in deletions.confirmed.items()},
    }


def _commits_ahead(member: Member) -> Iterator[CommitDeletion]:
    """Yield the commits of a host that are still to be made: one that has ended makes none."""
    state = member.run.get("state") or {}
    if state.get("ended") or not state.get("commits"):
        return
    for one in _vms_of(member):
        stage = (one.get("stage") or {}).get("before")
        if stage not in COMMITTED:
            would = one.get("would_be_deleted")
            yield CommitDeletion(str(one["id"]), None if would is None else tuple(str(entry["id"]) for entry in would))


def _wave_vm(member: Member) -> dict[str, Any]:
    """Return what is known of a VM before it is cut over: what its prerequisites have shown, and what the user says.

    A place that nothing is known of is one of its own: of a recovery plan, or of a VM that has failed, nothing counts
    for a cap.
    """
    found = _prerequisites(member)
    items = {key: found[key] for key in ("replicated_item", "data_sync", "host") if found.get(key)}
    own = {} if items.get("host") else dict.fromkeys(("host", "site", "vault"), f"of {member.name} alone")
    places = {**own, "cluster": None} if _counts_alone(member) else {}
    said = {key: value for key, value in member.variables.items() if value is not None}
    return {**places, **items, **said, "name": member.name}


def _prerequisites(member: Member) -> Mapping[str, Any]:
    return (member.run.get("state") or {}).get("prerequisites") or {}


def _vms_of(member: Member) -> Sequence[Mapping[str, Any]]:
    """Return what the prerequisites have shown of each VM of a host, with its C(id)."""
    found = _prerequisites(member)
    item = found.get("replicated_item") or {}
    return found.get("members") or [{**found, "id": item.get("id", "")}]


def _counts_alone(member: Member) -> bool:
    return bool(_prerequisites(member).get("members")) or has_ended(member.run)


def has_ended(run: Mapping[str, Any]) -> bool:
    """Whether a host is done with, by what a task has returned for it: also one that was refused before it began."""
    state = run.get("state")
    return bool(run) and (bool(state.get("ended")) if state else True)


def _refuse_shared(members: Sequence[Member]) -> None:
    """Refuse hosts that stand for the same VM: each would have options of its own for it."""
    hosts: dict[str, list[str]] = {}
    for member in members:
        for one in _vms_of(member):
            if one["id"]:
                hosts.setdefault(folded(str(one["id"])), []).append(member.name)
    shared = sorted({" and ".join(names) for names in hosts.values() if len(names) > 1})
    if shared:
        raise ConfigurationError(
            f"Several hosts stand for the same VM: {some_of(shared)}.", "Nothing was written. Keep one of them each."
        )


@dataclass(frozen=True)
class Settings:
    """What counts for a whole run: how many VMs may fail, and the task files before and after each wave."""

    max_failed: object = 0
    wave_hooks: object = field(default_factory=dict)


def settings_of(given: Settings, count: int, objection: Callable[[str], str]) -> dict[str, Any]:
    """Return the settings for so many VMs, as JSON. C(objection) says what is wrong with a file, if anything.

    Raises ConfigurationError: a gate that is not there would let everybody through.
    """
    allowed_to_fail(given.max_failed, count)
    hooks = given.wave_hooks
    if not isinstance(hooks, Mapping) or set(hooks) - {"before", "after"}:
        raise ConfigurationError(
            "failback_wave_hooks is no mapping with before and after.", "Nothing was written. Correct it."
        )
    wrong = {path: why for path in hooks.values() if (why := objection(str(path)))}
    if wrong:
        told = "; ".join(f"{path}: {why}" for path, why in wrong.items())
        raise ConfigurationError(f"failback_wave_hooks cannot be used: {told}.", "Nothing was written. Correct it.")
    return {"max_failed": given.max_failed, "hooks": dict(hooks)}


def allowed_to_fail(max_failed: object, count: int) -> int:
    """Return how many of so many VMs may fail, by a number or a share of them. Raises ConfigurationError."""
    text = str(max_failed).strip()
    share = _SHARE.fullmatch(text)
    if share and float(share[1]) <= 100:
        return int(float(share[1]) * count / 100)
    if text.isascii() and text.isdigit():
        return int(text)
    raise ConfigurationError(
        f"failback_max_failed is '{max_failed}', neither a number of VMs nor a share such as 10%.",
        "Nothing was written. Correct it, or leave it out.",
    )


def closed_gate(gates: Mapping[str, Mapping[str, int]]) -> str:
    """Say which tasks, before or after a wave, were begun and have not passed; empty if all have."""
    closed = {when: gate["begun"] for when, gate in gates.items() if gate["begun"] != gate["passed"]}
    return " ".join(f"The tasks {when} wave {wave} did not pass." for when, wave in closed.items())


def stops(
    batch: Sequence[str], tally: Tally, plan: Mapping[str, Any], max_failed: object, closed: str = ""
) -> dict[str, dict[str, Any]]:
    """Return the results of VMs of a wave that are not started, by host: too many have failed, or what they depend on
    is not back.

    C(tally) is how all VMs of the fleet stand. C(closed) is why the whole wave is not started; empty where nothing says
    so.
    """
    failed = [name for name in plan["order"] if _outcome(tally, name) == "failed"]
    whole = closed or _too_many(failed, allowed_to_fail(max_failed, len(plan["order"])), max_failed)
    # What is committed may go on: nothing is at stake any more.
    going = [name for name in batch if not _is_over(tally, name) and _may_be_held(tally, name)]
    if whole:
        remedy = (
            "See why its tasks did not pass"
            if closed
            else "See why the others failed, or set failback_max_failed higher"
        )
        return {name: _not_started(tally, name, whole, f"{remedy}; then run again.") for name in going}
    ranks = plan["ranks"]
    coming = _still_to_come(tally, plan)
    before = {rank: [one for one in coming if ranks[one] < rank] for rank in {ranks[name] for name in going}}
    missing = {name: [*_missing(name, tally, plan), *before[ranks[name]]] for name in going}
    return {name: _waits_for(tally, name, list(dict.fromkeys(needs))) for name, needs in missing.items() if needs}


def _is_over(tally: Tally, name: str) -> bool:
    """Whether a VM has failed, and not because it waits for tasks of the user's."""
    return _outcome(tally, name) == "failed" and not tally.get(name, {}).get("waits")


def _may_be_held(tally: Tally, name: str) -> bool:
    # A run that does not cut over has nothing to hold.
    return bool(tally.get(name, {}).get("cuts_over", True)) and not _stages(tally, name) <= COMMITTED


def _missing(name: str, tally: Tally, plan: Mapping[str, Any]) -> list[str]:
    """Return what a VM depends on and is not back."""
    return [one for one in plan["needs"][name] if not _is_back(tally, one)]


def _still_to_come(tally: Tally, plan: Mapping[str, Any]) -> list[str]:
    """Return the VMs that are to be back and are not, for which those of later tiers or groups wait. How many may fail
    is said otherwise."""
    coming = [one for one in plan["order"] if tally.get(one, {}).get("cuts_over", True)]
    return [one for one in coming if _outcome(tally, one) != "failed" and not _is_back(tally, one)]


def _stages(tally: Tally, name: str) -> frozenset[str]:
    stages = (tally.get(name, {}).get("vms") or {}).values()
    return frozenset(stages) or frozenset({"unknown"})


def _not_started(tally: Tally, name: str, reason: str, remedy: str) -> dict[str, Any]:
    step = "commit" if _stages(tally, name) <= BACK else "cut-over"
    told = {"reason": f"{reason} Its {step} was not started.", "next": remedy}
    known = tally.get(name, {})
    return {**{key: known[key] for key in _TALLIED if key in known}, "outcome": NOT_STARTED, **told}


def _waits_for(tally: Tally, name: str, needs: Sequence[str]) -> dict[str, Any]:
    """Return the result of a VM that depends on others which are not back. What waits for those that wait for their
    window waits for it, too."""
    reason = f"It comes after {'; '.join(_how_they_are(tally, needs))}."
    told = _not_started(tally, name, reason, "See what keeps the others; then run again.")
    if all(_outcome(tally, one) == _WAITING for one in needs):
        return {**told, "outcome": _WAITING, "next": "Run again when their window is open."}
    return told


def _how_they_are(tally: Tally, names: Sequence[str]) -> Iterator[str]:
    """Say of VMs that something waits for why it does. They are on-premises, too, if they failed there."""
    away = [name for name in names if not _stages(tally, name) <= BACK]
    there = [name for name in names if name not in away]
    stopped = [name for name in there if _outcome(tally, name) == NOT_STARTED]
    failed = [name for name in there if name not in stopped]
    ways = {
        "not back on-premises": away,
        "which failed after its cut-over": failed,
        "which was stopped after its cut-over": stopped,
    }
    yield from (f"{some_of(found)}, {words}" for words, found in ways.items() if found)


def _outcome(tally: Tally, name: str) -> str:
    # Of whom nothing is known, nothing is good.
    return str(tally.get(name, {}).get("outcome", "failed"))


def _too_many(failed: Sequence[str], allowed: int, max_failed: object) -> str:
    if len(failed) <= allowed:
        return ""
    return f"{some_of(failed)} failed, and failback_max_failed is {max_failed}."


def _is_back(tally: Tally, name: str) -> bool:
    return _stages(tally, name) <= BACK and _outcome(tally, name) not in ("failed", NOT_STARTED)


def tally_of(before: Tally, run: Mapping[str, Any], stopped: Tally) -> dict[str, dict[str, Any]]:
    """Return how all VMs stand after a task, by host: C(run) is what it has returned, C(stopped) are the
    results of those that were left out."""
    told = {name: _tallied(whole(one)) for name, one in (run.get("vms") or {}).items()}
    left_out = {name: _tallied({"result": one}) for name, one in stopped.items()}
    return {name: {**before.get(name, {}), **one} for name, one in {**before, **told, **left_out}.items()}


def _tallied(one: Mapping[str, Any]) -> dict[str, Any]:
    result, state = one.get("result") or {"outcome": "failed"}, one.get("state") or {}
    told = {key: result[key] for key in _TALLIED if key in result}
    return {
        **told,
        # Until its tasks have run, it counts as failed: its host may be lost in them.
        "waits": bool(one.get("handover")),
        **({"cuts_over": state["cuts_over"]} if "cuts_over" in state else {}),
    }
