# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the virtual machines of a vault stand, as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from .durations import in_words
from .lifecycle import NEVER_START
from .name_lists import counted, some_of
from .table_lines import aligned, printable

_HEADER = ("VM", "stage", "side", "job", "days in Azure", "host")


def status_lines(vms: Sequence[Mapping[str, Any]], now: datetime) -> list[str]:
    """Return the variables of an inventory as aligned lines, what is dangerous, and a sum. C(now) is the service's
    time."""
    if not vms:
        return ["The vault has no VMs that this collection fails back."]
    rows = [_HEADER, *(_row(vm, now) for vm in sorted(vms, key=lambda vm: str(vm["asr_friendly_name"]).lower()))]
    return printable([*aligned(rows), *_dangers(vms), _sum(vms)])


def _dangers(vms: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Name the VMs that must not be started on-premises: of a thousand, the table does not show why."""
    names = sorted(str(vm["asr_friendly_name"]) for vm in vms if NEVER_START in vm["asr_stage_reason"])
    if names:
        yield f"{some_of(names)}: the last failback was interrupted, or may have been. {NEVER_START}"


def _row(vm: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    days = vm["asr_days_in_azure"]
    return (
        str(vm["asr_friendly_name"]),
        _stage(vm),
        vm["asr_authoritative_side"] or "-",
        _job(vm["asr_job"], now),
        "-" if days is None else f"{days:g}",
        vm["asr_host"] or "-",
    )


def _stage(vm: Mapping[str, Any]) -> str:
    """Return the stage, or those that are possible where lists do not tell."""
    return vm["asr_stage"] if len(vm["asr_possible_stages"]) < 2 else " or ".join(vm["asr_possible_stages"])


def _job(job: Mapping[str, Any] | None, now: datetime) -> str:
    if job is None:
        return "-"
    percent = "" if job["percent_complete"] is None else f", {job['percent_complete']} % of its tasks"
    lasted = max(0.0, (now - datetime.fromisoformat(job["started"])).total_seconds()) if job["started"] else None
    since = "" if lasted is None else f" for {in_words(lasted)}"
    return f"{job['operation'] or 'job'}: {job['state']}{since}{percent}"


def _sum(vms: Sequence[Mapping[str, Any]]) -> str:
    return f"{len(vms)} VM{'' if len(vms) == 1 else 's'}: {counted(map(_stage, vms))}"
