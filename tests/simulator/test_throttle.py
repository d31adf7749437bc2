# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ARM's request limits, in simulated time."""

from __future__ import annotations

READS = "x-ms-ratelimit-remaining-subscription-reads"
GLOBAL_READS = "x-ms-ratelimit-remaining-subscription-global-reads"
WRITES = "x-ms-ratelimit-remaining-subscription-writes"
LOCK = "/providers/Microsoft.Authorization/locks/x"


def start(simulate, **throttle):
    principals = [{"name": "owner", "roles": ["Owner"]}, {"name": "reader", "roles": ["Reader"]}]
    return simulate({"name": "throttle", "principals": principals, "throttle": throttle})


def test_the_first_read_leaves_249_and_globally_3749(simulate, caller):
    owner = caller(start(simulate))
    answer = owner.get(owner.group)
    assert (answer.headers[READS], answer.headers[GLOBAL_READS]) == ("249", "3749")


def test_writes_and_deletes_have_buckets_of_their_own(simulate, caller):
    owner = caller(start(simulate))
    owner.get(owner.group)
    written = owner.call("PUT", f"{owner.group}{LOCK}", "2020-05-01", json={"properties": {"level": "ReadOnly"}})
    assert written.headers[WRITES] == "199"
    deleted = owner.call("DELETE", f"{owner.group}{LOCK}", "2020-05-01")
    assert deleted.headers["x-ms-ratelimit-remaining-subscription-deletes"] == "199"
    assert owner.get(owner.group).headers[READS] == "248"


def test_an_empty_bucket_refuses_and_says_how_long_to_wait(simulate, caller):
    simulator = start(simulate, reads={"bucket": 3, "refill": 0.2})
    owner = caller(simulator)
    assert [owner.get(owner.group).headers[READS] for _unused in range(3)] == ["2", "1", "0"]
    refused = owner.get(owner.group)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
    assert refused.json()["error"]["code"] == "SubscriptionRequestsThrottled"
    simulator.clock.advance(4)
    assert owner.get(owner.group).headers["Retry-After"] == "1"
    simulator.clock.advance(1)
    assert owner.get(owner.group).status_code == 200


def test_a_bucket_holds_no_more_than_its_size(simulate, caller):
    simulator = start(simulate)
    owner = caller(simulator)
    simulator.clock.advance(3000)
    assert owner.get(owner.group).headers[READS] == "249"


def test_principals_have_buckets_of_their_own_below_the_global_one(simulate, caller):
    simulator = start(simulate, reads={"bucket": 2, "refill": 0}, global_factor=1.5)
    owner, reader = caller(simulator), caller(simulator, "reader")
    assert [owner.get(owner.group).status_code for _unused in range(3)] == [200, 200, 429]
    assert reader.get(reader.group).headers[READS] == "1"
    # The reader has one left, the subscription none.
    assert reader.get(reader.group).status_code == 429


def test_reads_of_the_tenant_are_counted_apart(simulate, caller):
    owner = caller(start(simulate))
    answer = owner.get("/subscriptions")
    assert answer.headers["x-ms-ratelimit-remaining-tenant-reads"] == "249"
    assert READS not in answer.headers


def test_calls_without_a_principal_are_not_counted(simulate, stranger):
    answer = stranger(start(simulate)).get("/metadata/endpoints", "2022-09-01")
    assert not [name for name in answer.headers if "ratelimit" in name.lower()]
