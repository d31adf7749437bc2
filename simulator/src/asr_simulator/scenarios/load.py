# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a scenario from a file, a mapping or the name of a shipped one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from asr_simulator.identities import Identities
from asr_simulator.scenarios import model, on_premises, plans
from asr_simulator.scenarios.errors import ScenarioError
from asr_simulator.scenarios.twice import twice

FOLDER = Path(__file__).parent
DEFAULT_ROLES = ("Site Recovery Contributor", "Reader")


def shipped() -> list[str]:
    """The names of the scenarios that come with the simulator."""
    return sorted(path.stem for path in FOLDER.glob("*.yml"))


def load(source: str | Path | Mapping[str, Any], seed: int | None = None) -> model.Scenario:
    """The scenario of a file, a mapping, or a shipped name; ``seed`` overrides its own.

    Raises:
        ScenarioError: not found, not YAML, or not a valid scenario.
    """
    document = _whole(dict(source) if isinstance(source, Mapping) else _read(source), set())
    if seed is not None:
        document = {**document, "seed": seed}
    _validate(document)
    scenario = _build(document)
    _cross_check(scenario)
    return scenario


def _whole(document: dict[str, Any], seen: set[str]) -> dict[str, Any]:
    """A document with what it leaves to the scenario that it is based on."""
    base = document.get("based_on")
    if not isinstance(base, str):
        return document
    if base in seen:
        raise ScenarioError(f"the scenario {base!r} is based on itself")
    whole = _whole(_read(base), {*seen, base})
    _validate(whole)
    changes = document.get("every_item", {})
    if not isinstance(changes, dict):
        return document
    items = [{**item, **changes} for item in whole.get("items", ())]
    return {**whole, "items": items, **document}


def _read(source: str | Path) -> dict[str, Any]:
    path = FOLDER / f"{source}.yml" if str(source) in shipped() else Path(source)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"no scenario {source!r}: {error.strerror}; shipped are {', '.join(shipped())}") from error
    except (yaml.YAMLError, ValueError) as error:
        # Also a file that is not UTF-8, and what looks like a date that is none.
        raise ScenarioError(f"{str(path)!r} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise ScenarioError(f"{path} holds no mapping")
    return document


def _validate(document: dict[str, Any]) -> None:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    faults = sorted(Draft202012Validator(schema).iter_errors(document), key=lambda fault: list(map(str, fault.path)))
    lines = [f"{'.'.join(map(str, fault.path)) or 'scenario'}: {fault.message}" for fault in faults]
    lines += _beyond_json(document)
    if lines:
        raise ScenarioError("; ".join(lines))


def _beyond_json(value: Any, where: str = "") -> Iterator[str]:
    """What a schema lets pass of YAML: numbers that are infinite, or none (.inf, .nan), and keys that are no text."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{where}: {value} is not a number"
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        here = f"{where}.{key}".removeprefix(".")
        if isinstance(value, dict) and not isinstance(key, str):
            yield f"{here}: the key {key!r} is not a text"
        yield from _beyond_json(part, here)


def _build(document: dict[str, Any]) -> model.Scenario:
    seed = document.get("seed", 1)
    ids = Identities(seed)
    fabrics = tuple(on_premises.fabric(spec) for spec in document.get("fabrics", ()))
    return model.Scenario(
        name=document["name"],
        seed=seed,
        start=_moment("start", document.get("start")) or datetime.now(timezone.utc),
        starts_now="start" not in document,
        speed=document.get("speed", 1.0),
        description=document.get("description", ""),
        vault=_vault(document.get("vault", {}), ids),
        hyperv=on_premises.account(document.get("hyperv", {}), ids),
        principals=tuple(_principal(spec, ids) for spec in document.get("principals") or ({"name": "operator"},)),
        roles=tuple(_role(spec) for spec in document.get("roles", ())),
        fabrics=fabrics,
        items=tuple(on_premises.item(spec, fabrics) for spec in document.get("items", ())),
        recovery_plans=tuple(_plan(spec) for spec in document.get("recovery_plans", ())),
        rates=dict(document.get("rates", {})),
        variants=_variants(document.get("variants", {})),
        throttle=dict(document.get("throttle", {})),
        faults=tuple(document.get("faults", ())),
        expect={name: model.Expectation(**spec) for name, spec in document.get("expect", {}).items()},
    )


def _moment(where: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if moment.tzinfo is None:
            raise ScenarioError(f"{where}: {text} has no time zone")
        return moment.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise ScenarioError(f"{where}: {error}") from error


def _vault(spec: dict[str, Any], ids: Identities) -> model.VaultPlace:
    known = {"subscription_id": ids.of("subscription", "vault"), "tenant_id": ids.of("tenant", "vault")}
    return model.VaultPlace(**{**known, **spec})


def _principal(spec: dict[str, Any], ids: Identities) -> model.PrincipalSpec:
    name = spec["name"]
    grants = (
        model.RoleGrant(role) if isinstance(role, str) else model.RoleGrant(**role)
        for role in spec.get("roles", DEFAULT_ROLES)
    )
    return model.PrincipalSpec(
        name=name,
        client_id=spec.get("client_id", ids.of("client", name)),
        object_id=ids.of("principal", name),
        client_secret=spec.get("client_secret", ids.of("secret", name)),
        roles=tuple(grants),
        secret_expires=_moment(f"principal {name}: secret_expires", spec.get("secret_expires")),
        certificates=tuple(spec.get("certificates", ())),
        federated_credentials=tuple(spec.get("federated_credentials", ())),
    )


def _role(spec: dict[str, Any]) -> model.RoleSpec:
    return model.RoleSpec(spec["name"], tuple(spec["actions"]), tuple(spec.get("notActions", ())))


def _plan(spec: dict[str, Any]) -> model.PlanSpec:
    return model.PlanSpec(
        name=spec["name"],
        friendly_name=spec.get("friendly_name", spec["name"]),
        groups=tuple(tuple(group) for group in spec["groups"]),
        manual_actions=tuple(model.ManualAction(**action) for action in spec.get("manual_actions", ())),
    )


def _variants(spec: dict[str, Any]) -> model.Variants:
    values = {key: value for key, value in spec.items() if key != "failback_pending"}
    pending = {f"failback_pending_{key}": value for key, value in spec.get("failback_pending", {}).items()}
    return model.Variants(**values, **pending)


def _cross_check(scenario: model.Scenario) -> None:
    faults = [*_doubts(scenario), *on_premises.doubts(scenario.fabrics, scenario.items)]
    if faults:
        raise ScenarioError("; ".join(faults))


def _doubts(scenario: model.Scenario) -> Iterator[str]:
    fabric_of = {item.name: item.fabric for item in scenario.items}
    yield from twice("principal", (principal.name for principal in scenario.principals))
    yield from twice("role", (role.name for role in scenario.roles))
    yield from twice("item", (item.name for item in scenario.items))
    yield from twice("plan", (plan.name for plan in scenario.recovery_plans))
    for plan in scenario.recovery_plans:
        objection = plans.objection(plan.groups, fabric_of)
        if objection:
            yield f"plan {plan.name}: {objection}"
        for action in plan.manual_actions:
            if action.group > len(plan.groups):
                yield f"plan {plan.name}: manual action {action.name} names group {action.group}"
    for name in scenario.expect:
        if name not in fabric_of:
            yield f"expect: no item {name!r}"
