# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long copies and downtimes may take, on what that rests, and that nothing unknown is taken for a number."""

from __future__ import annotations

from typing import Any

import pytest
from support.wave_plans import GB, Entry, entry_of, host, plan, vm

RATES = {"bytes_per_second": GB // 100, "compare_bytes_per_second": GB // 10}
DELTA = vm("web", disk_bytes=100 * GB, changed_bytes=2 * GB, days_in_azure=3)
FULL = vm("web", disk_bytes=100 * GB, changed_bytes=2 * GB, days_in_azure=30)


def run(name: str = "web", sync: Any = "before_failover", copy: Any = None, off: Any = None, disk: Any = None) -> Entry:
    """What an earlier failback took."""
    return {
        "name": name,
        "data_sync": sync,
        "synchronization_seconds": copy,
        "downtime_seconds": off,
        "disk_bytes": disk,
    }


def estimates(entry: Entry, *runs: Entry, **options: Any) -> Entry:
    return entry_of(plan(entry, earlier_runs=list(runs), **options), "web")


@pytest.mark.parametrize(
    ("entry", "option", "words"),
    [
        (DELTA, "before_failover", "3 days ago"),
        (FULL, "during_failover", "30 days ago"),
        (vm("web", days_in_azure="29.9"), "before_failover", "29 days ago"),
        (vm("web", data_sync="during_failover", days_in_azure=1), "during_failover", "as asked for"),
        # As failback_prereq returns it.
        (vm("web", data_sync={"option": "before_failover", "reason": "x"}), "before_failover", "as asked for"),
        (vm("web", target_host="hv9", days_in_azure=40), "before_failover", "all data has to be copied to hv9"),
        (vm("web", create_vm_if_missing=True), "during_failover", "is or may be missing"),
        (vm("web"), None, "is not known (days_in_azure, data_sync)"),
    ],
)
def test_how_data_is_synchronized_is_foreseen_by_the_rule_of_the_modules(
    entry: Entry, option: str | None, words: str
) -> None:
    found = estimates(entry)["data_sync"]
    assert found["option"] == option
    assert words in found["reason"]


def test_a_vm_that_its_host_has_is_not_missing() -> None:
    hosts = [host("hv1", 1, vms=[{"name": "web"}])]
    assert estimates(vm("web", create_vm_if_missing=True, days_in_azure=1), hosts=hosts)["data_sync"]["option"] == (
        "before_failover"
    )


def test_a_full_copy_takes_its_disks_and_a_delta_what_changed_after_comparing_them() -> None:
    assert estimates(FULL, **RATES)["synchronization"] == {
        "seconds": 10001,
        "rests_on": ["100.0 GB to copy", f"{GB // 100} bytes per second"],
        "reason": "",
    }
    assert estimates(DELTA, **RATES)["synchronization"] == {
        "seconds": 1201,
        "rests_on": [
            "2.0 GB to copy",
            f"{GB // 100} bytes per second",
            "100.0 GB to compare",
            f"{GB // 10} bytes per second compared",
        ],
        "reason": "",
    }
    # To another host everything is copied, with the VM running.
    assert estimates({**DELTA, "target_host": "hv9"}, **RATES)["synchronization"]["seconds"] == 10001
    unchanged = estimates({**DELTA, "changed_bytes": 0}, **RATES)["synchronization"]
    assert unchanged["seconds"] == 1001


@pytest.mark.parametrize(
    ("entry", "options", "missing"),
    [
        ({**DELTA, "disk_bytes": None}, RATES, "the size of its disks (disk_bytes)"),
        ({**DELTA, "changed_bytes": None}, RATES, "how much has changed in Azure (changed_bytes)"),
        (DELTA, {"compare_bytes_per_second": 1}, "the rate of copying (bytes_per_second)"),
        (DELTA, {"bytes_per_second": 1}, "the rate of comparing disks (compare_bytes_per_second)"),
        ({**FULL, "disk_bytes": None}, RATES, "the size of its disks (disk_bytes)"),
        (FULL, {}, "the rate of copying (bytes_per_second)"),
    ],
)
def test_what_is_missing_makes_an_estimate_unknown_not_small(entry: Entry, options: Entry, missing: str) -> None:
    found = estimates(entry, **options)["synchronization"]
    assert (found["seconds"], found["rests_on"]) == (None, [])
    assert found["reason"] == f"missing: {missing}; no earlier run covers it (earlier_runs)"


def test_earlier_runs_tell_what_rates_do_not() -> None:
    runs = [
        run(copy=500, off=50),
        run("other", copy=100, off=20, disk=50 * GB),
        run("x", copy=90, off=40, disk=10 * GB),
    ]
    own = estimates(DELTA, *runs)
    assert (own["synchronization"]["seconds"], own["downtime"]["seconds"]) == (500, 50)
    assert own["synchronization"]["rests_on"] == ["its last earlier run (before_failover), whose copy took 8 min"]
    # Of others by the size of the disks, and their downtime as it was: medians.
    others = estimates(DELTA, *runs[1:])
    assert (others["synchronization"]["seconds"], others["downtime"]["seconds"]) == (550, 30)
    assert others["downtime"]["rests_on"] == ["the median of 2 earlier runs (before_failover)"]
    # What synchronized in another way tells nothing.
    full = estimates(FULL, *runs)
    assert (full["synchronization"]["seconds"], full["downtime"]["seconds"]) == (None, None)
    assert estimates({**DELTA, "disk_bytes": None}, *runs[1:])["synchronization"]["seconds"] is None


def test_rates_come_before_runs_and_of_a_vms_own_runs_the_last_that_tells_counts() -> None:
    runs = [run("WEB", copy=500, off=40), run(copy=600, off=50), run(off=60)]
    assert estimates(DELTA, *runs, **RATES)["synchronization"]["seconds"] == 1201
    found = estimates(DELTA, *runs)
    assert (found["synchronization"]["seconds"], found["downtime"]["seconds"]) == (600, 60)


def test_a_vm_is_off_for_all_of_its_full_download() -> None:
    sync = {"option": "during_failover"}
    unknown = estimates(FULL, **RATES)["downtime"]
    assert unknown["seconds"] is None
    assert unknown["reason"] == (
        "it is off during its download, about 2 h 46 min; no earlier run shows how long its shutdown and start take "
        "(earlier_runs)"
    )
    told = estimates(FULL, run("other", sync, copy=1000, off=1300), **RATES)["downtime"]
    assert (told["seconds"], told["rests_on"][-1]) == (10301, "one earlier run for shutdown and start")
    assert "which cannot be estimated: missing: the rate of copying" in estimates(FULL)["downtime"]["reason"]


def test_a_wave_takes_as_long_as_its_longest_and_the_plan_as_all_waves() -> None:
    vms = [vm(name, tier=tier, data_sync="before_failover") for name, tier in (("a", 1), ("b", 1), ("c", 2))]
    runs = [run(name, copy=10, off=off) for name, off in (("a", 100), ("b", 300), ("c", 20))]
    planned = plan(*vms, earlier_runs=runs)
    assert [wave["downtime"]["seconds"] for wave in planned["waves"]] == [300, 20]
    assert planned["waves"][0]["downtime"]["rests_on"] == ["the longest, of b"]
    totals = planned["totals"]
    assert (totals["cut_over"]["seconds"], totals["downtime"]["seconds"]) == (320, 300)
    less = plan(*vms, earlier_runs=runs[1:])["totals"]
    assert less["cut_over"]["seconds"] == 320, "by the median of the others"
    nothing = plan(*vms)
    assert nothing["totals"]["cut_over"] == {"seconds": None, "rests_on": [], "reason": "not known for a, b, c"}
    assert nothing["waves"][1]["downtime"]["reason"] == "not known for c"


@pytest.mark.parametrize(
    ("caps", "seconds"), [({}, 400), ({"per_site": 1}, 1000), ({"per_site": 2}, 600), ({"per_host": 1}, 700)]
)
def test_all_data_is_copied_ahead_as_the_caps_allow(caps: Entry, seconds: int) -> None:
    same: Entry = {"site": "s", "data_sync": "before_failover"}
    vms = [vm(name, host=place, **same) for name, place in (("a", "h1"), ("b", "h1"), ("c", "h2"), ("d", "h1"))]
    runs = [run(name, copy=copy) for name, copy in (("a", 100), ("b", 200), ("c", 300), ("d", 400))]
    assert plan(*vms, earlier_runs=runs, **caps)["totals"]["synchronization"]["seconds"] == seconds


def test_what_is_downloaded_in_full_is_not_copied_ahead() -> None:
    later = vm("b", data_sync="during_failover", disk_bytes=GB)
    planned = plan(vm("web", data_sync="before_failover"), later, earlier_runs=[run(copy=70)], bytes_per_second=1)
    assert planned["totals"]["synchronization"]["seconds"] == 70
    assert plan(later)["totals"]["synchronization"] == {"seconds": 0, "rests_on": ["there are none"], "reason": ""}
    # It may have to be.
    assert plan(vm("c"), later)["totals"]["synchronization"]["reason"] == "not known for c"
