# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clock, journal, scenarios, control API and command line."""

from __future__ import annotations

import json
import os
import signal
import ssl
import stat
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from asr_simulator.cli import main
from asr_simulator.clock import Clock
from asr_simulator.scenarios import ScenarioError, load, shipped
from asr_simulator.server import Simulator

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


class RealTime:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def a_clock(speed: float) -> tuple[Clock, RealTime]:
    real = RealTime()
    return Clock(START, speed, real, real), real


def test_given_a_speed_when_real_time_passes_then_simulated_time_runs_faster_and_wall_time_does_not():
    clock, real = a_clock(60)
    real.seconds = 10
    assert clock.now() == START + timedelta(minutes=10)
    assert clock.wall().timestamp() == 10
    clock.advance(5)
    assert clock.now() == START + timedelta(minutes=10, seconds=5)
    assert clock.wall().timestamp() == 15


def test_given_speed_zero_when_real_time_passes_then_time_stands():
    clock, real = a_clock(0)
    real.seconds = 1000
    assert clock.now() == START


def test_given_callbacks_when_time_jumps_then_each_runs_in_order_at_its_own_time():
    clock, _unused = a_clock(0)
    seen: list[tuple[str, datetime]] = []

    def first() -> None:
        seen.append(("first", clock.now()))
        clock.after(1, lambda: seen.append(("nested", clock.now())))

    clock.after(10, lambda: seen.append(("second", clock.now())))
    clock.after(5, first)
    clock.after(100, lambda: seen.append(("late", clock.now())))
    clock.advance(20)
    assert [(name, (when - START).total_seconds()) for name, when in seen] == [
        ("first", 5),
        ("nested", 6),
        ("second", 10),
    ]
    assert clock.next_due() == START + timedelta(seconds=100)


def test_given_a_change_of_speed_when_time_goes_on_then_no_jump():
    clock, real = a_clock(10)
    real.seconds = 10
    clock.set_speed(1)
    assert clock.now() == START + timedelta(seconds=100)
    real.seconds = 11
    assert clock.now() == START + timedelta(seconds=101)


@pytest.mark.parametrize("move", [lambda clock: clock.advance(-1), lambda clock: clock.set_speed(-1)])
def test_given_a_negative_number_when_time_is_moved_then_refused(move):
    with pytest.raises(ValueError, match="-1"):
        move(a_clock(1)[0])


@pytest.mark.parametrize("name", shipped())
def test_given_a_shipped_scenario_when_loaded_then_it_is_valid_and_described(name):
    scenario = load(name)
    assert (scenario.name, bool(scenario.description)) == (name, True)


def test_given_the_fleet_when_loaded_then_it_is_what_a_demo_needs():
    scenario = load("fleet")
    assert len(scenario.items) == 24
    assert len([host for fabric in scenario.fabrics if fabric.type == "HyperVSite" for host in fabric.hosts]) == 5
    assert {fabric.type for fabric in scenario.fabrics} == {"HyperVSite", "VMM"}
    assert len(scenario.recovery_plans) == 2
    assert {item.stage for item in scenario.items} >= {
        "failover_commit_pending",
        "protected",
        "interrupted",
        "failed_over",
    }
    assert any(item.in_azure_for > 31 * 86400 for item in scenario.items)
    assert set(scenario.expect) == {item.name for item in scenario.items}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"items": [{"name": "a", "host": "nowhere", "stage": "protected"}]}, "no fabric has the host 'nowhere'"),
        ({"items": [{"name": "a", "host": "h", "stage": "lost"}]}, "items.0.stage: 'lost' is not one of"),
        ({"items": [{"name": "a", "stage": "protected"}]}, "items.0"),
        ({"colour": "red"}, "'colour' was unexpected"),
        ({"recovery_plans": [{"name": "p", "groups": [["x"]]}]}, "plan p: no item is named x"),
        ({"expect": {"x": {"outcome": "protected"}}}, "expect: no item 'x'"),
        ({"start": "yesterday"}, "start"),
    ],
)
def test_given_a_faulty_scenario_when_loaded_then_the_place_is_named(change, message):
    with pytest.raises(ScenarioError, match=message.replace("(", r"\(")):
        load({"name": "x", "fabrics": [{"name": "s", "type": "HyperVSite", "hosts": [{"name": "h"}]}], **change})


def test_given_an_unknown_scenario_or_rate_when_started_then_said_so(simulate):
    with pytest.raises(ScenarioError, match="shipped are as_recorded, every_stage, fleet, one_vm"):
        load("no_such")
    with pytest.raises(ScenarioError, match="unknown warp_seconds"):
        simulate({"name": "x", "rates": {"warp_seconds": 1}})


def test_given_a_seed_when_started_twice_then_the_same_names(simulate):
    first, second = (simulate({"name": "x"}).connection for _unused in range(2))
    assert first["client_secret"] == second["client_secret"]
    assert first["subscription_id"] == second["subscription_id"]


def test_given_requests_when_the_journal_is_read_then_who_asked_what_and_no_secret(desk, failback):
    counter = desk("one_vm")
    counter.item("web01")
    job = counter.begin("web01", "plannedFailover", failback())
    control = counter.simulator.connection["control"]
    everything = counter.caller.session.get(f"{control}/journal", timeout=20).json()["value"]
    token, read, write, _status = everything
    assert (token["path"].rsplit("/", 1)[1], token["request_body"], token["write"]) == ("token", None, False)
    assert (read["method"], read["status"], read["write"]) == ("GET", 200, False)
    assert (write["operation"], write["status"], write["write"]) == (job, 202, True)
    assert write["request_body"] == {"properties": failback()}
    assert write["principal"] == counter.simulator.connection["client_id"]
    assert counter.simulator.connection["client_secret"] not in json.dumps(everything)
    later = counter.caller.session.get(f"{control}/journal", params={"since": 1, "writes": "true"}, timeout=20).json()
    assert [entry["seq"] for entry in later["value"]] == [3]


def test_given_the_control_api_when_time_is_moved_then_the_vault_feels_it(desk, failback):
    counter = desk("one_vm")
    job = counter.begin("web01", "plannedFailover", failback())
    control = counter.simulator.connection["control"]
    session = counter.caller.session
    before = session.get(f"{control}/clock", timeout=20).json()
    dates = [session.get(counter.simulator.connection["resource_manager"], timeout=20).headers["Date"]]
    after = session.post(f"{control}/clock", json={"advance": 1800}, timeout=20).json()
    assert after["now"] > before["now"]
    dates.append(session.get(counter.simulator.connection["resource_manager"], timeout=20).headers["Date"])
    first, last = (parsedate_to_datetime(date) for date in dates)
    assert last - first == timedelta(seconds=1800)
    assert counter.job(job)["state"] == "Suspended"
    assert session.get(f"{control}/state", timeout=20).json()["items"][0]["stage"] == "waiting_for_completion"
    for wrong in ({}, {"leap": 1}, {"advance": -1}, []):
        assert session.post(f"{control}/clock", json=wrong, timeout=20).status_code == 400
    assert session.post(f"{control}/clock", json={"speed": 5}, timeout=20).json()["speed"] == 5
    assert session.get(f"{control}/nothing", timeout=20).status_code == 404


def test_given_a_reset_when_asked_then_everything_is_as_at_the_start(desk, failback):
    counter = desk("one_vm")
    counter.begin("web01", "plannedFailover", failback())
    control = counter.simulator.connection["control"]
    state = counter.caller.session.post(f"{control}/reset", json={}, timeout=20).json()
    assert state["items"][0]["stage"] == "failed_over"
    assert counter.simulator.journal.entries() == []
    state = counter.caller.session.post(f"{control}/reset", json={"scenario": "every_stage"}, timeout=20).json()
    assert len(state["items"]) == 24
    assert counter.caller.session.post(f"{control}/reset", json={"scenario": "none"}, timeout=20).status_code == 400


def test_given_a_scenario_of_other_callers_when_reset_to_it_then_the_connection_names_them(simulate):
    simulator = simulate({"name": "x", "principals": [{"name": "first", "roles": ["Contributor"]}]})
    simulator.reset(load({"name": "x", "principals": [{"name": "second", "roles": ["Contributor"]}]}))
    requests.get(simulator.connection["control"] + "/clock", verify=simulator.connection["ca_bundle"], timeout=10)
    told = json.loads((simulator.state_dir / "connection.json").read_text())
    assert [one["name"] for one in told["principals"]] == ["second"]
    assert told == simulator.connection


def test_given_a_running_simulator_when_its_folder_is_read_then_only_the_owner_may(simulate):
    simulator = simulate({"name": "x"})
    for name in ("connection.json", "env.sh", "ca.pem", "ca-bundle.pem"):
        assert stat.S_IMODE((simulator.state_dir / name).stat().st_mode) == 0o600
    assert json.loads((simulator.state_dir / "connection.json").read_text()) == simulator.connection
    shown = subprocess.run(
        ["bash", "-c", f". {simulator.state_dir}/env.sh; env"], capture_output=True, text=True, check=True
    ).stdout
    assert f"AZURE_CLIENT_SECRET={simulator.connection['client_secret']}" in shown
    assert f"ARM_CLOUD_METADATA_URL={simulator.url}/metadata/endpoints?api-version=2019-05-01" in shown
    assert f"REQUESTS_CA_BUNDLE={simulator.state_dir / 'ca-bundle.pem'}" in shown
    roots = {
        name: ssl.create_default_context(cafile=simulator.state_dir / name).cert_store_stats()["x509_ca"]
        for name in ("ca.pem", "ca-bundle.pem")
    }
    assert roots["ca.pem"] == 1
    assert roots["ca-bundle.pem"] > 50, "the public roots are in it too"


def test_given_many_requests_when_on_one_connection_then_it_stays_open(desk):
    counter = desk("one_vm")
    counter.item("web01")
    for _unused in range(5):
        counter.item("web01")
    counter.ask("web01", "failoverCommit")
    counter.item("web01")
    pools = counter.caller.session.get_adapter("https://").poolmanager.pools
    # Its container can be asked for its keys, but not be iterated.
    assert [pools[key].num_connections for key in list(pools.keys())] == [1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_given_the_command_line_when_stopped_then_quiet_and_clean(tmp_path: Path, number):
    arguments = ["serve", "--scenario", "one_vm", "--state-dir", str(tmp_path), "--traffic", str(tmp_path / "t.jsonl")]
    with subprocess.Popen(
        [sys.executable, "-m", "asr_simulator", *arguments, "--speed", "10", "--seed", "5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("serving https://127.0.0.1:")
        connection = json.loads((tmp_path / "connection.json").read_text())
        answer = requests.get(f"{connection['control']}/clock", verify=connection["ca_bundle"], timeout=20)
        assert answer.json()["speed"] == 10
        started = time.monotonic()
        process.send_signal(number)
        _unused, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert time.monotonic() - started < 10


def test_given_a_port_that_is_taken_when_started_then_it_is_an_error_of_the_system(simulate, tmp_path: Path):
    port = urlsplit(simulate({"name": "x"}).url).port
    with pytest.raises(OSError, match="in use"):
        Simulator.start({"name": "y"}, tmp_path, port=port)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--speed", "-1"], "--speed: -1 is not"),
        (["--speed", "nan"], "--speed: nan"),
        (["--port", "70000"], "--port: "),
    ],
)
def test_given_a_number_that_cannot_be_when_served_then_the_option_is_named_and_status_2(
    tmp_path: Path, capsys, options, message
):
    with pytest.raises(SystemExit, match="2"):
        main(["serve", "--scenario", "one_vm", "--state-dir", str(tmp_path), *options])
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_given_a_wrong_scenario_when_served_then_one_line_and_status_2(tmp_path: Path):
    result = subprocess.run(
        [sys.executable, "-m", "asr_simulator", "serve", "--scenario", "nothing", "--state-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert result.returncode == 2
    assert result.stderr.startswith("asr-simulator: no scenario 'nothing'")
    assert result.stderr.count("\n") == 1
