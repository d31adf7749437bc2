# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's record: what became of each VM, by the playbook's report and by the vault's own state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Report = dict[str, Any]


def machines(results: list[Report]) -> dict[str, Report]:
    """Return the record of each VM of a report, members of recovery plans apart: stages, times, job ids, last stage."""
    return {name: record for result in results for name, record in _machines_of(result)}


def _machines_of(result: Report) -> Iterator[tuple[str, Report]]:
    for name, stage in (result["vms"] or {result["target"]: result["stage"]}).items():
        steps = [_step_of(step, name) for step in result["steps"]]
        yield (
            name,
            {
                "outcome": result["outcome"],
                "reason": result["reason"],
                "next": result["next"],
                "stage": stage,
                "authoritative_side": steps[-1]["authoritative_side"] if steps else result["authoritative_side"],
                "host": result["host"],
                "validation": _evidence_of(result["validation"], name),
                "steps": steps,
            },
        )


def _evidence_of(validation: Report, name: str) -> Report:
    """Return the evidence that the VM works on-premises: verdict, when, and what each check saw."""
    own: Report = next((vm for vm in validation.get("vms", []) if vm["name"] == name), {})
    seen = {check["id"]: check["seen"] for check in own.get("checks", [])}
    return {"verdict": own.get("verdict"), "validated_at": own.get("validated_at"), "seen": seen}


def _step_of(step: Report, name: str) -> Report:
    own = next((member for member in step.get("members", []) if member["friendly_name"] == name), step)
    job = own.get("job") or {}
    return {
        "step": step["step"],
        "stage": own["stage"],
        "authoritative_side": own["authoritative_side"],
        "changed": step["changed"],
        "job_id": job.get("name"),
        "started": job.get("started"),
        "ended": job.get("ended"),
        "data_sync": (step.get("data_sync") or {}).get("option"),
        "split_brain_check": (step.get("split_brain_check") or {}).get("verdict"),
    }


def judge(records: Mapping[str, Report], state: Mapping[str, Any]) -> list[str]:
    """Return where a VM did not end as the scenario foresees, by the vault's own state as well as by the report."""
    every = (_problem_of(item, state["expect"], records.get(item["friendly_name"])) for item in state["items"])
    return [problem for problem in every if problem]


def _problem_of(item: Mapping[str, Any], expect: Mapping[str, Any], record: Report | None) -> str:
    name, foreseen = item["friendly_name"], expect.get(item["name"], {"outcome": "protected"})
    if record is None:
        return f"{name}: not in the report"
    if foreseen["outcome"] == "reported":
        as_foreseen = record["outcome"] == "failed" and record["reason"]
        return "" if as_foreseen else f"{name}: should be reported ({foreseen['reason']}), is {record['outcome']}"
    if (item["stage"], record["stage"]) == ("protected", "protected"):
        return ""
    return f"{name}: should be protected, the vault says {item['stage']}, the report {record['stage']}"


def summary(records: Mapping[str, Report], expect: Mapping[str, Any]) -> None:
    """Print each VM in a line, with what the scenario says of those that cannot come home."""
    print(f"\n{'VM':<13}{'ended as':<25}{'data synchronized':<19}{'side':<13}{'one side runs':<15}works there")
    for name, record in sorted(records.items()):
        sync = next((step["data_sync"] for step in record["steps"] if step["data_sync"]), "")
        checks = (step["split_brain_check"] for step in record["steps"][::-1] if step["changed"])
        works = ", ".join(record["validation"]["seen"].values())
        side = record["authoritative_side"] or ""
        print(
            f"{name:<13}{record['stage']:<25}{sync:<19}{side:<13}{next(filter(None, checks), ''):<15}{works}".rstrip()
        )
        for note in filter(None, (record["reason"], record["next"])):
            print(f"{'':<13}{note}")
        if expect.get(name, {}).get("outcome") == "reported":
            print(f"{'':<13}As the scenario foresees: {expect[name]['reason']}")


def verdict(records: Mapping[str, Report], written_again: list[str]) -> str:
    """Say in a line how the demo ended."""
    home = sum(record["stage"] == "protected" for record in records.values())
    again = "changed nothing" if not written_again else f"sent {len(written_again)} writes"
    return f"{home} of {len(records)} VMs are back on-premises and protected. The second run {again}."
