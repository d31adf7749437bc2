# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the VMs of a vault stand, on one page."""

from __future__ import annotations

from typing import Any

from support.scenarios import item_of, large_site, scenario_of


def test_each_vm_has_a_line_and_all_of_them_a_sum(driver: Any) -> None:
    vault = driver(
        scenario_of(
            "home2",
            item_of("copying", "synchronizing"),
            item_of("copied", "waiting_for_completion"),
            item_of("done", "protected"),
        )
    )
    vault.pass_time(5)
    shown = vault.run("vault_status")
    assert (shown["changed"], shown["unread"], vault.writes()) == (False, [], [])
    header, *lines, total = shown["lines"]
    assert header.split() == ["VM", "stage", "side", "job", "days", "in", "Azure", "host"]
    rows = {line.split()[0]: " ".join(line.split()) for line in lines}
    assert rows["home2"] == "home2 failed_over azure - 2 hv01"
    assert rows["done"].startswith("done protected on_premises -")
    assert rows["copied"].startswith("copied waiting_for_completion azure Planned failover: ")
    assert " % of its tasks " in rows["copying"]
    assert total == "4 VMs: 1 failed_over, 1 protected, 1 synchronizing, 1 waiting_for_completion"
    # Without the tasks of a job, the stages that are possible are named.
    listed = vault.run("vault_status", job_details=0)["lines"]
    assert "1 synchronizing or completing" in listed[-1]


def test_an_empty_vault_says_so(driver: Any) -> None:
    assert driver(scenario_of()).run("vault_status")["lines"] == [
        "The vault has no VMs that this collection fails back."
    ]


def test_many_vms_take_few_requests(driver: Any) -> None:
    vault = driver(large_site(300, 6, synchronizing=40))
    lines = vault.run("vault_status", job_details=10)["lines"]
    assert len(lines) == 302
    assert vault.requests() < 40


def test_the_playbook_shows_each_vault_once_and_hides_no_line(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2"))
    vault.environment = {"ANSIBLE_DISPLAY_OK_HOSTS": "false"}
    run = vault.play("status", {"vm1": {}, "vm2": {}})
    assert run.status == 0, run.output
    assert run.output.count("2 VMs: 2 failed_over") == 1
    assert vault.writes() == []
