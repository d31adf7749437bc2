# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook fleet as users run it: waves, caps, hooks, and what stops whom."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml
from support.module_runner import ModuleRunner
from support.playbook_runner import FAIL, HERE, PASS, PlaybookRunner, hears_ctrl_c
from support.scenarios import item_of, scenario_of

from asr_simulator.server import Simulator

NOW = {"failback_commit_policy": "now"}
GONE = {"ansible_host": "192.0.2.1", "ansible_connection": "ssh", "ansible_ssh_common_args": "-o ConnectTimeout=1"}


def sent(vault: Any) -> list[str]:
    """The writes so far, each with the VM that it is for."""
    jobs = {job["name"]: job["target"] for job in vault.simulator.state()["jobs"]}
    entries = vault.simulator.journal.entries(writes=True)
    ends = [entry["path"].split("/")[-2:] for entry in entries]
    return [f"{action} {jobs.get(name, name)}" for name, action in ends]


def line_to(vault: Any, log: Path, words: str) -> dict[str, Any]:
    """A task that appends to a file, on the controller."""
    return {
        "name": "Write a line",
        "ansible.builtin.shell": f"echo {words} >> {log}",
        "delegate_to": "localhost",
        "vars": HERE,
        "changed_when": False,
    }


def test_a_fleet_comes_home_in_waves(stage: Any) -> None:
    vault = stage(scenario_of("db1", "web1", item_of("old1", in_azure_for="40d"), "web2")).knows_hosts()
    hosts = {
        "db1": {"failback_tier": 1},
        "web1": {"failback_depends_on": ["db1"]},
        "old1": {"failback_tier": 1},
        "web2": {},
    }
    check = vault.play("fleet", hosts, "--check", **NOW)
    assert (check.status, vault.writes()) == (0, []), check.output
    assert {one["outcome"] for one in check.results.values()} == {"predicted"}
    run = vault.play("fleet", hosts, **NOW)
    assert run.status == 0, run.output
    assert {one["outcome"] for one in run.results.values()} == {"protected"}
    assert set(vault.stages().values()) == {"protected"}
    writes = sent(vault)
    ahead = [writes.index(f"plannedFailover {name}") for name in ("db1", "web1", "web2")]
    first = [writes.index(one) for one in ("resume db1", "plannedFailover old1")]
    assert max(ahead) < min(first), "all that can is copied before the first VM goes down"
    assert max(writes.index(f"failoverCommit {name}") for name in ("db1", "old1")) < min(
        writes.index(f"resume {name}") for name in ("web1", "web2")
    )
    again = vault.play("fleet", hosts, **NOW)
    assert (again.status, sent(vault)) == (0, writes)
    assert vault.token_requests() == 3, "one token a run"


def test_hooks_run_for_their_hosts_alone_while_the_others_go_on(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3")).knows_hosts()
    log = tmp_path / "log"
    before, after = (vault.task_file(f"{one}.yml", line_to(vault, log, f"{one} $WAVE")) for one in ("before", "after"))
    for one in (before, after):
        Path(one).write_text(Path(one).read_text().replace("$WAVE", "{{ failback_wave.number }}"))
    hook = vault.task_file("hook.yml", line_to(vault, log, "hook {{ inventory_hostname }}"))
    hosts = {
        "vm1": {**HERE, "failback_hooks": {"before_planned_failover": hook, "before_complete_failover": hook}},
        "vm2": {**HERE, "failback_validation_tasks": vault.task_file("validate.yml", PASS)},
        "vm3": {**HERE, "failback_tier": 1},
    }
    given = {"failback_wave_hooks": {"before": before, "after": after}}
    run = vault.play("fleet", hosts, **given)
    assert run.status == 0, run.output
    assert set(vault.stages().values()) == {"protected"}
    assert log.read_text().splitlines() == ["hook vm1", "before 1", "after 1", "before 2", "hook vm1", "after 2"]
    checks = run.results["vm2"]["validation"]["vms"][0]["checks"]
    assert "validate.yml passed" in [check["seen"] for check in checks]


def test_what_depends_on_a_vm_that_failed_stays_in_azure(stage: Any) -> None:
    vault = stage(scenario_of("db1", "web1", "web2", "vm4")).knows_hosts()
    hosts = {
        "db1": {**HERE, "failback_hooks": {"before_complete_failover": vault.task_file("fail.yml", FAIL)}},
        "web1": {**HERE, "failback_depends_on": ["db1"]},
        "web2": {**HERE, "failback_tier": 2},
        # Nothing but itself suffers from that.
        "vm4": {**HERE, "failback_data_sync": "never"},
    }
    run = vault.play("fleet", hosts, failback_max_failed="50%", **NOW)
    assert run.status == 2, run.output
    outcomes = {name: one["outcome"] for name, one in run.results.items()}
    assert outcomes == {"db1": "failed", "web1": "not_started", "web2": "protected", "vm4": "failed"}
    assert run.results["web1"]["reason"] == "It comes after db1, not back on-premises. Its cut-over was not started."
    assert run.results["web1"]["stage"] == "waiting_for_completion"
    assert "value of data_sync must be one of" in run.results["vm4"]["reason"]
    assert vault.stages()["web1"] == "waiting_for_completion"


def test_a_wave_that_may_not_start_stops_those_after_it(stage: Any) -> None:
    """Because of the tasks before it, whether they fail or cannot reach their host, or of VMs that failed."""
    vault = stage(scenario_of("vm1", "vm2", "vm3")).knows_hosts()
    hosts = {"vm1": {**HERE, "failback_tier": 1}, "vm2": {**HERE, "failback_tier": 2}, "vm3": {**HERE}}
    gate = {"failback_wave_hooks": {"after": vault.task_file("gate.yml", FAIL)}}
    run = vault.play("fleet", hosts, **gate, **NOW)
    assert run.status == 2, run.output
    assert {name: one["outcome"] for name, one in run.results.items()} == {
        "vm1": "protected",
        "vm2": "not_started",
        "vm3": "not_started",
    }
    assert run.results["vm3"]["reason"].startswith("The tasks after wave")
    unreachable = vault.task_file("reach.yml", {"name": "Reach it", "ansible.builtin.ping": {}})
    hosts = {"vm2": {**GONE, "failback_tier": 2}, "vm3": {**HERE, "failback_tier": 2}}
    lost = vault.play("fleet", hosts, failback_wave_hooks={"before": unreachable}, **NOW)
    assert lost.status != 0
    assert set(vault.stages().values()) == {"protected", "waiting_for_completion"}
    assert lost.results["vm3"]["outcome"] == "not_started", lost.output
    hosts = {"vm2": {**HERE, "failback_validation_tasks": "/nowhere.yml", "failback_tier": 1}, "vm3": {**HERE}}
    stopped = vault.play("fleet", hosts, **NOW)
    assert stopped.results["vm3"]["reason"].startswith("vm2 failed, and failback_max_failed is 0."), stopped.output
    assert vault.stages()["vm3"] == "waiting_for_completion"


def told_by_wave_tasks(run: Any) -> list[str]:
    """What the tasks before and after waves have said."""
    return re.findall(r'"msg": "((?:before|after) \d)', run.output)


def test_wave_tasks_run_only_where_somebody_is_cut_over_or_committed(stage: Any) -> None:
    """Not while all of a wave wait or are held, not for one that is home; a check says which would run."""
    items = ("vm1", "vm2", item_of("vm3", "failback_commit_pending"), item_of("vm4", "failback_commit_pending"))
    vault = stage(scenario_of(*items)).knows_hosts()
    wave = "{{ failback_wave.number }}"
    say = {
        when: vault.task_file(f"{when}.yml", {"name": "Say it", "ansible.builtin.debug": {"msg": f"{when} {wave}"}})
        for when in ("before", "after")
    }
    hosts = {
        "vm1": {**HERE, "failback_window": {"not_before": "9000-01-01T00:00"}},
        "vm2": {**HERE, "failback_window": {"not_before": "2020-01-01T00:00"}},
        "vm3": {**HERE, "failback_commit_policy": "hold"},
        "vm4": HERE,
    }
    given = {"failback_wave_hooks": say, "failback_waves": {"per_vault": 1}}
    expected = ["before 2", "after 2", "before 4", "after 4"]
    check = vault.play("fleet", hosts, "--check", **given)
    assert (check.status, told_by_wave_tasks(check), vault.writes()) == (0, expected, []), check.output
    run = vault.play("fleet", hosts, **given)
    assert (run.status, told_by_wave_tasks(run)) == (0, expected), run.output
    assert {name: one["outcome"] for name, one in run.results.items()} == {
        "vm1": "waiting_for_window",
        "vm2": "protected",
        "vm3": "held",
        "vm4": "protected",
    }
    assert vault.stages()["vm1"] == "waiting_for_completion", "its data is copied outside of the window"
    again = vault.play("fleet", hosts, **given)
    assert (again.status, told_by_wave_tasks(again)) == (0, []), again.output


def test_a_gate_that_is_closed_before_a_wave_is_closed_for_those_after_it(stage: Any) -> None:
    """Of whatever tier: waves that caps have made have one."""
    vault = stage(scenario_of("vm1", item_of("vm2", "failback_commit_pending"), "vm3")).knows_hosts()
    once = {**FAIL, "when": "failback_wave.number | int == 1"}
    given = {
        "failback_wave_hooks": {"before": vault.task_file("gate.yml", once)},
        "failback_waves": {"per_vault": 2},
    }
    # When the gate closes, one that is cut over already waits for tasks of its own.
    validated = {**HERE, "failback_validation_tasks": vault.task_file("validate.yml", PASS)}
    run = vault.play("fleet", {"vm1": HERE, "vm2": validated, "vm3": HERE}, **given, **NOW)
    assert {name: (one["outcome"], one["reason"]) for name, one in run.results.items()} == {
        name: ("not_started", f"The tasks before wave 1 did not pass. Its {step} was not started.")
        for name, step in (("vm1", "cut-over"), ("vm2", "commit"), ("vm3", "cut-over"))
    }
    assert (run.status, vault.writes()) == (2, ["plannedFailover"] * 2), run.output


def test_what_fits_no_host_stops_the_run_before_anything_is_written(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2")).knows_hosts()
    hosts = {"vm1": {"failback_depends_on": ["vm2"]}, "vm2": {"failback_depends_on": ["vm1"]}}
    run = vault.play("fleet", hosts, **NOW)
    assert (run.status != 0, vault.writes()) == (True, [])
    assert "depends_on is circular: vm1 -> vm2 -> vm1" in run.output


def interrupted(vault: PlaybookRunner, hosts: dict[str, Any], writes: int, **given: Any) -> tuple[int, str]:
    """Press Ctrl-C once so many requests were sent; return the exit status, and what was printed."""
    command, environment = vault.prepared("fleet", hosts, **given)
    with (vault.folder / "log").open("w+") as log:
        run = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True, preexec_fn=hears_ctrl_c
        )
        while len(vault.writes()) < writes and run.poll() is None:
            time.sleep(0.1)
        # As a terminal does: to the whole group of the foreground.
        os.killpg(run.pid, signal.SIGINT)
        status = run.wait(10)
        log.seek(0)
        return status, log.read()


def test_ctrl_c_says_what_goes_on_and_the_same_command_picks_it_up(tmp_path: Path) -> None:
    with Simulator.start(scenario_of("vm1", "vm2"), tmp_path / "simulator", speed=1) as simulator:
        vault = PlaybookRunner(simulator, tmp_path).knows_hosts()
        hosts: dict[str, Any] = {"vm1": {}, "vm2": {"failback_tier": 1}}
        status, told = interrupted(vault, hosts, 2, failback_report=str(tmp_path / "report.json"), **NOW)
        assert status == 99, told
        words = told.split("Interrupted. ")[1]
        assert "Jobs that were started go on in Azure, and nothing is lost. 2 not done" in words
        assert all(f"  {name}: " in words for name in hosts)
        assert "Run the same command again to pick them up." in words
        assert json.loads((tmp_path / "report.json").read_text())["results"]
        simulator.locked(lambda world: world.clock.advance(86400))
        # At this speed the cut-over would take minutes.
        vault.variables["failback_reverse_replicate"] = False
        vault.variables["failback_complete_failover"] = False
        again = vault.play("fleet", hosts, **NOW)
        assert again.status == 0, again.output
        assert vault.writes() == ["plannedFailover"] * 2
        assert set(vault.stages().values()) == {"waiting_for_completion"}


def test_ctrl_c_tells_nothing_that_is_older_than_what_goes_on(tmp_path: Path) -> None:
    items = [item_of("vm1", "waiting_for_completion"), item_of("vm2", "failover_commit_pending")]
    with Simulator.start(scenario_of(*items), tmp_path / "simulator", speed=1) as simulator:
        vault = PlaybookRunner(simulator, tmp_path).knows_hosts()
        status, told = interrupted(vault, {"vm1": {}, "vm2": {}}, 1, failback_max_failed=1, **NOW)
    assert (status, vault.writes()) == (99, ["resume"]), told
    assert "As seen last:" in told, told
    older, newer = told.split("As seen last:")[1].split("Interrupted. ")
    assert ("vm1" in older, "vm2" in older) == (False, True)
    assert "  vm1: " in newer


def test_a_run_that_is_picked_up_lets_nobody_wait_for_a_full_download(stage: Any) -> None:
    items = item_of("old", in_azure_for="60d"), item_of("vm2", "failback_commit_pending")
    vault = stage(scenario_of(*items, rates={"initiate_sync_seconds": 10800})).knows_hosts()
    ModuleRunner(vault.simulator).knows_hosts().run("planned_failover", replicated_item="old", wait_for="started")
    run = vault.play("fleet", {"old": {}, "vm2": {}}, **NOW)
    assert run.status == 0, run.output
    assert set(vault.stages().values()) == {"protected"}
    writes = sent(vault)
    assert writes.index("failoverCommit vm2") < writes.index("failoverCommit old")


def test_a_run_commits_only_what_a_person_has_confirmed(stage: Any) -> None:
    vault = stage(scenario_of(item_of("vm1", managed_disks=True), "vm2")).knows_hosts()
    check = vault.play("fleet", {"vm1": {}, "vm2": {}}, "--check", **NOW)
    (token,) = set(re.findall("failback_confirm=([A-Z2-7]+)", check.output))
    assert re.search("vm1: vm1, .*os", check.output), check.output
    # One VM less, or another disk, and nothing begins.
    less = vault.play("fleet", {"vm1": {}}, failback_confirm=token, **NOW)
    assert (less.status != 0, vault.writes()) == (True, [])
    assert "failback_confirm is not the token" in less.output
    given = {"failback_confirm": {"token": token, "by": "ops"}, **NOW}
    run = vault.play("fleet", {"vm1": {}, "vm2": {}}, failback_reverse_replicate=False, **given)
    assert run.status == 0, run.output
    assert set(vault.stages().values()) == {"failed_back"}
    commits = [one for result in run.results.values() for one in result["steps"] if one["step"] == "commit"]
    assert [one["confirmed_by"] for one in commits] == ["ops", "ops"]
    # It stands for nothing in a playbook that does not ask for it.
    refused = vault.play("failback", {"vm1": {}}, failback_confirm=token)
    assert "failback_confirm" in refused.results["vm1"]["reason"]


def test_a_disk_that_appears_after_the_confirmation_keeps_its_vm(stage: Any) -> None:
    vault = stage(scenario_of(item_of("vm1", managed_disks=True))).knows_hosts()
    # A check shows what there is to confirm, whatever was confirmed for an earlier run.
    check = vault.play("fleet", {"vm1": {}}, "--check", failback_confirm="AAAAAAAAAA", **NOW)
    assert (check.status != 0, "failback_confirm is not the token" in check.output) == (True, True)
    (token,) = set(re.findall("failback_confirm=([A-Z2-7]+)", check.output))
    connection = vault.simulator.connection
    attach = {
        "name": "Attach a disk",
        "ansible.builtin.uri": {
            "url": f"{connection['control']}/faults",
            "method": "POST",
            "body_format": "json",
            "body": {"service": {"azure_vm": "vm1", "attach_disk": "logs", "gb": 64}},
            "ca_path": connection["ca_bundle"],
        },
    }
    given = {"failback_hooks": {"before_commit": vault.task_file("late.yml", attach)}, **NOW}
    run = vault.play("fleet", {"vm1": HERE}, failback_confirm=token, failback_discard_disks=["vm1/logs"], **given)
    assert "Not confirmed: disk logs of vm1." in run.results["vm1"]["reason"], run.output
    assert vault.stages() == {"vm1": "failback_commit_pending"}


def refused(vault: Any, hosts: dict[str, Any], *arguments: str, **given: Any) -> str:
    """What a run says that stops before it writes anything."""
    sent_before = len(vault.writes())
    run = vault.play(given.pop("playbook", "fleet"), hosts, *arguments, **given, **NOW)
    assert (run.status != 0, len(vault.writes())) == (True, sent_before), run.output
    return " ".join(run.output.split())


def test_what_cannot_be_meant_stops_the_run_before_it_writes(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1", "vm2", "File Server")).knows_hosts()
    both: dict[str, Any] = {"vm1": {}, "vm2": {}}
    # A tag that is none of a step chooses no step.
    assert "vm1" in refused(vault, both, "--tags", "prerequisite")
    # What a play says of one host would not count for the others.
    imported = tmp_path / "site.yml"
    play = {"ansible.builtin.import_playbook": "asr.failback.fleet", "vars": {"failback_validation_timeout": 5}}
    imported.write_text(yaml.safe_dump([play]))
    assert "failback_validation_timeout is set by the play" in refused(vault, both, playbook=str(imported))
    assert "must not be patterns: File Server" in refused(vault, {"vm1": {}, "File Server": {}})
    gate = {"after": vault.task_file("gate.yml", PASS)}
    assert "failback_wave_hooks differs" in refused(vault, {"vm1": {"failback_wave_hooks": gate}, "vm2": {}})
    assert "failback_wave_hooks is no mapping" in refused(vault, both, failback_wave_hooks={"befor": gate["after"]})
    assert "failback_max_failed is 'ten'" in refused(vault, both, failback_max_failed="ten")
    # Of an approval that yielded nothing.
    nobody = "failback_confirm is empty: nobody has confirmed anything"
    assert nobody in refused(vault, both, "-e", "failback_confirm=")
    assert nobody in refused(vault, both, failback_confirm=None)
    assert "failback_wave_hooks is no mapping" in refused(vault, both, failback_wave_hooks=None)
    assert "stand for the same VM: vm1 and vm2" in refused(
        vault, {"vm1": {}, "vm2": {"failback_replicated_item": "vm1"}}
    )


def test_a_host_that_cannot_go_on_stops_no_other(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2", "vm3")).knows_hosts()
    everybody = vault.variables
    own = {name: everybody.pop(name) for name in ("failback_resource_group", "failback_vault_name")}
    hosts = {"vm1": own, "ghost": own, "vm2": {}, "vm3": {**own, "failback_window": ""}}
    given = {"failback_max_failed": 3, "failback_copies_at_once": {"per_host": 1}, **NOW}
    run = vault.play("fleet", hosts, **given)
    outcomes = {name: one["outcome"] for name, one in run.results.items()}
    assert outcomes == {"vm1": "protected", "ghost": "failed", "vm2": "failed", "vm3": "failed"}, run.output
    # What is empty by mistake is no window that is always open.
    assert "failback_window is empty text, not a mapping" in run.results["vm3"]["reason"]
    assert "failback_vault_name is not set for vm2" in run.results["vm2"]["reason"]
    assert vault.stages() == {"vm1": "protected", "vm2": "failed_over", "vm3": "failed_over"}


def test_tasks_that_are_never_to_run_do_not_run(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1")).knows_hosts()
    log = tmp_path / "log"
    never = {**line_to(vault, log, "never"), "tags": ["never", "cleanup"]}
    tasks = vault.task_file("tasks.yml", line_to(vault, log, "ran"), never)
    hooks = {"failback_hooks": {"before_commit": tasks}, "failback_wave_hooks": {"before": tasks}}
    run = vault.play("fleet", {"vm1": HERE}, **hooks, **NOW)
    assert run.status == 0, run.output
    assert log.read_text().split() == ["ran", "ran"]


def test_a_failed_gate_after_the_last_wave_fails_the_run(stage: Any) -> None:
    vault = stage(scenario_of("vm1")).knows_hosts()
    gate = {"failback_wave_hooks": {"after": vault.task_file("gate.yml", FAIL)}}
    run = vault.play("fleet", {"vm1": HERE}, **gate, **NOW)
    assert (run.status, run.results["vm1"]["outcome"]) == (2, "protected"), run.output
    assert "The tasks after wave 1, the last one, did not pass." in run.output


def test_a_run_that_loses_its_last_host_says_how_far_it_was(stage: Any, tmp_path: Path) -> None:
    vault = stage(scenario_of("vm1", "vm2")).knows_hosts()
    log = tmp_path / "log"
    hook = vault.task_file("hook.yml", {"name": "Reach it", "ansible.builtin.ping": {}})
    before = vault.task_file("before.yml", line_to(vault, log, "before {{ failback_wave.number }}"))
    hosts = {
        "vm1": {**GONE, "failback_tier": 1, "failback_hooks": {"after_complete_failover": hook}},
        "vm2": HERE,
    }
    run = vault.play("fleet", hosts, failback_wave_hooks={"before": before}, **NOW)
    assert run.status != 0
    told = run.output.split("The run ended before its report. As seen last:")[1]
    rows = {line.split()[0]: line for line in told.splitlines() if line and not line.startswith(" ")}
    assert "failback_commit_pending" in rows["vm1"]
    assert rows["vm2"].split()[1] == "waiting_for_completion"
    assert vault.stages() == {"vm1": "failback_commit_pending", "vm2": "waiting_for_completion"}
    # Nothing is prepared for a wave of which nobody is started.
    failed = {"vm1": {**HERE, "failback_tier": 1, "failback_commit_policy": "never"}, "vm2": HERE}
    log.unlink()
    stopped = vault.play("fleet", failed, failback_wave_hooks={"before": before}, failback_commit_policy="now")
    assert stopped.results["vm2"]["outcome"] == "not_started", stopped.output
    assert not log.exists()


def test_no_secret_gets_into_the_report_on_the_way(stage: Any) -> None:
    vault = stage(scenario_of("vm1")).knows_hosts()
    secret = vault.simulator.connection["client_secret"]
    says_it = {
        "name": "Say it",
        "ansible.builtin.fail": {"msg": "it is {{ lookup('ansible.builtin.env', 'AZURE_SECRET') }}"},
    }
    hook = vault.task_file("hook.yml", says_it)
    reach = vault.task_file("reach.yml", {"name": "Reach it", "ansible.builtin.ping": {}})
    hooks = {"before_commit": hook}
    # The last host is lost after the report was written by the task.
    given = {"failback_hooks": hooks, "failback_wave_hooks": {"after": reach}}
    run = vault.play("fleet", {"vm1": GONE}, **given, **NOW)
    assert run.status != 0
    assert secret not in json.dumps(run.results), run.results
    assert "it is " in run.results["vm1"]["reason"]


def test_a_short_secret_spoils_nothing_that_is_handed_on(stage: Any) -> None:
    vault = stage(scenario_of("vm1", "vm2")).knows_hosts()
    # It is somewhere in any text of some length that looks like chance.
    vault.environment["AZURE_PASSWORD"] = "Q"
    run = vault.play("fleet", {"vm1": {}, "vm2": {}}, **NOW)
    assert run.status == 0, run.output
    assert set(vault.stages().values()) == {"protected"}
