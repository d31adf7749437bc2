# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module, as odd as they come: one clear error, or the right call. Never a write to anything else."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.module_contracts import CONTRACTS
from support.module_runner import ModuleRunner, OptionsRejectedError
from support.scenarios import item_of, scenario_of

from ansible_collections.asr.failback.plugins.module_utils.model.failures import FailbackError
from asr_simulator.routes import all_routes
from asr_simulator.server import Simulator
from asr_simulator.wire import RouteTable

Options = dict[str, Any]

SUBSCRIPTION = "cccccccc-0000-4000-8000-000000000003"
VAULT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/vault"
# What is done to a name to get somewhere else with it.
DETOURS = (
    *("", " ", ".", "..", "../web02", "web01/../web02", "%2e%2e", "%2e%2e%2fweb02", "web01%2fplannedFailover"),
    *("web01?x=y", "web01#x", "web01\\web02", "web01/plannedFailover", "' or 1 eq 1", "web01' or name eq 'web02"),
    *(
        "\ud800",
        "we\x00b01",
        "web01\n",
        "\nweb01",
        "\u202ebew",
        "web01\u200b",
        "WEB01",
        "web01 ",
        "*",
        "web*",
        "[w]eb01",
    ),
    *("{{ 7*7 }}", "$(id)", "`id`", ";id", "-oProxyCommand=id", "ö" * 300, "x" * 5000, "NaN", "None", "null", "0"),
)
ODD_TEXTS = st.one_of(st.sampled_from(DETOURS), st.text(st.characters(codec=None), max_size=40))
ODD_NUMBERS = st.sampled_from(
    [
        0,
        1,
        -1,
        2**31,
        2**63,
        10**30,
        -(10**30),
        1.5,
        math.nan,
        math.inf,
        -math.inf,
        1e308,
        True,
        "1",
        "-1",
        "1e3",
        "٣",
        "²",
    ]
)
ODD_PLAIN = st.one_of(ODD_TEXTS, ODD_NUMBERS, st.booleans(), st.none())
ODD_TREES = st.recursive(
    ODD_PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ODD_TEXTS, inner, max_size=3)),
    max_leaves=8,
)
# What is known to take long, or is not ours: the managed identity asks an address that only Azure's own machines have;
# what ansible-core makes of an infinite whole number, or of a list as one, before anything of this collection sees it,
# may be a traceback.
UNTRIED = ("msi", math.inf, -math.inf)
# --hypothesis-profile=search looks for more than what must pass does.
EXAMPLES = 12 if settings.default.derandomize else 150


def odd(spec: Mapping[str, Any], words: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Values for an option: mostly of its type, or what converts to it."""
    kind = spec.get("type", "str")
    own: st.SearchStrategy[Any]
    if kind in ("int", "float"):
        own = ODD_NUMBERS
    elif kind == "bool":
        own = st.sampled_from([True, False, "yes", "maybe"])
    elif kind == "list":
        entry = {**spec, "type": spec.get("elements", "str")}
        own = st.lists(odd(entry, words), max_size=3)
    elif kind == "dict" and "options" in spec:
        own = entries(spec["options"], words)
    elif kind == "dict":
        own = st.one_of(st.dictionaries(ODD_TEXTS, ODD_TREES, max_size=4), ODD_TREES)
    else:
        own = st.one_of(st.sampled_from(words), ODD_TEXTS)
    choices = [choice for choice in spec.get("choices", ()) if choice not in UNTRIED]
    own = st.one_of(st.sampled_from(choices), own) if choices and kind == "str" else own
    anything = st.one_of(own, own, own, ODD_TREES)
    if kind == "path":
        # Whatever is tried, files are only written to the folder of the test.
        return anything.map(lambda value: value.lstrip("/") if isinstance(value, str) else value)
    if kind == "int":
        return anything.filter(lambda value: value not in UNTRIED and not isinstance(value, list))
    return anything


def entries(options: Mapping[str, Any], words: tuple[str, ...]) -> st.SearchStrategy[Options]:
    """Dictionaries for options inside of an option."""
    required = {name: odd(one, words) for name, one in options.items() if one.get("required")}
    optional = {name: odd(one, words) for name, one in options.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)


def odd_options(module: str, words: tuple[str, ...]) -> st.SearchStrategy[Options]:
    """One to three options of a module with odd values. `words` are names and ids of what there is."""
    spec = CONTRACTS[module].argument_spec
    names = st.lists(st.sampled_from(sorted(spec)), min_size=1, max_size=3, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: odd(spec[name], words) for name in chosen}))


def scenario() -> dict[str, Any]:
    """A vault with several VMs and a plan, so that a write can go astray."""
    return scenario_of(
        *("web01", "web02"),
        item_of("done01", "failback_commit_pending"),
        item_of("cut01", "waiting_for_completion"),
        item_of("twin-1", friendly_name="twin"),
        item_of("twin-2", friendly_name="twin"),
        item_of("shop-1"),
        vault={"subscription_id": SUBSCRIPTION, "resource_group": "rg", "name": "vault"},
        recovery_plans=[{"name": "shop", "groups": [["shop-1"]]}],
    )


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleRunner]:
    """One vault for all examples: what one of them has written, the next one finds. Odd paths of files begin in a
    folder whose parent is made for this test, too."""
    folder = tmp_path_factory.mktemp("odd")
    here = folder / "deep" / "deeper"
    here.mkdir(parents=True)
    with (
        pytest.MonkeyPatch.context() as patch,
        Simulator.start(scenario(), folder / "simulator", speed=0) as simulator,
    ):
        patch.chdir(here)
        yield ModuleRunner(simulator).knows_hosts()


class Oracle:
    """What the documentation lets options write to: a VM or plan by its friendly name, its name or its id."""

    def __init__(self, vault: ModuleRunner) -> None:
        state = vault.simulator.state()
        # Two VMs may have one friendly name, which is all that a job shows of its target.
        self._jobs = {job["name"]: job["item"] or job["target"] for job in state["jobs"]}
        self._items = [{item["name"], item["friendly_name"], item["id"].strip("/")} for item in state["items"]]
        self._named = [(item["name"], names) for item, names in zip(state["items"], self._items, strict=True)]
        self._plans = {plan["name"]: plan["items"] for plan in state["plans"]}

    def meant(self, options: Mapping[str, Any]) -> set[str]:
        """The names of the VMs and plans that the options mean."""
        found: set[str] = set()
        for word in (str(value).strip("/").lower() for value in options.values() if isinstance(value, (str, int))):
            items = [name for name, names in self._named if word in map(str.lower, names)]
            plans = [
                name
                for name in self._plans
                if word in (name.lower(), f"{VAULT}/replicationRecoveryPlans/{name}".strip("/").lower())
            ]
            jobs = [target for name, target in self._jobs.items() if word.rpartition("/")[2] == name.lower()]
            found |= {
                *(items if len(items) == 1 else ()),
                *plans,
                *jobs,
                *(one for plan in plans for one in self._plans[plan]),
            }
        return found

    def touched(self, path: str) -> str:
        """The name of the VM or plan that a write is about; empty for one that is about neither."""
        parts = path.split("/")
        below = dict(zip(parts[1::2], parts[2::2], strict=False))
        if "replicationJobs" in below:
            return str(self._jobs[below["replicationJobs"]])
        return next(
            (
                below[kind]
                for kind in ("replicationProtectedItems", "replicationRecoveryPlans", "virtualMachines")
                if kind in below
            ),
            "",
        )


TABLE = RouteTable(all_routes())


def judge(vault: ModuleRunner, module: str, options: Options, *, check_mode: bool = False) -> None:
    """Run a module with options that may be anything, and hold it to what it may do."""
    before = vault.requests()
    meant = Oracle(vault).meant({**vault.options, **options})
    try:
        result = vault.run(module, check_mode=check_mode, **options)
    except OptionsRejectedError as refusal:
        # In Ansible's own words, which hold what was given as it is.
        result = {"msg": ascii(str(refusal))}
    except FailbackError as problem:
        result = problem.as_result()
    assert result.get("msg", "said by others").strip(". ")
    json.dumps(result, allow_nan=False, ensure_ascii=False).encode()
    oracle = Oracle(vault)
    for entry in vault.simulator.journal.entries(before):
        assert TABLE.find(entry["method"], entry["path"]), entry["path"]
        assert not {"..", "."} & set(entry["path"].split("/"))
        if entry["write"]:
            assert not check_mode
            assert entry["path"].lower().startswith((VAULT.lower(), VAULT.lower().partition("/providers/")[0]))
            assert oracle.touched(entry["path"]) in {*meant, ""}, (entry["path"], options)


def base(module: str, words: tuple[str, ...]) -> Options:
    """Options that are right, for those that are not odd."""
    contract = CONTRACTS[module]
    known: Options = {"replicated_item": "web01"} if contract.takes_target else {}
    own = {"host": "hv01", "wait": False, "timeout": 20, "wait_timeout": 7200}
    required = {name: words[0] for name, spec in contract.options.items() if spec.get("required")}
    return {**required, **{name: value for name, value in own.items() if name in contract.argument_spec}, **known}


@pytest.mark.parametrize("module", CONTRACTS)
@settings(max_examples=EXAMPLES, suppress_health_check=[*HealthCheck])
@given(data=st.data())
def test_odd_options_end_in_one_error_or_in_the_right_call(
    vault: ModuleRunner, module: str, data: st.DataObject
) -> None:
    state = vault.simulator.state()
    things = [name for item in state["items"] for name in (item["name"], item["id"])]
    words = (*things, "shop", *(job["name"] for job in state["jobs"][:2]))
    options = {**base(module, words), **data.draw(odd_options(module, words), "options")}
    if "recovery_plan" in options and data.draw(st.booleans(), "the plan alone"):
        options.pop("replicated_item", None)
    judge(vault, module, options, check_mode=data.draw(st.booleans(), "check mode"))
