# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds a whole recording against the simulator, exchange by exchange, and says which variant explains what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from asr_simulator.scenarios.model import Variants
from asr_simulator.site_recovery.api import request_bodies
from asr_simulator.site_recovery.api.responses import RETRY_AFTER
from asr_simulator.site_recovery.api.unmodeled import UNMODELED
from asr_simulator.site_recovery.api.versions import BODIES, FIRST
from asr_simulator.verify import bodies
from asr_simulator.verify.bodies import at, entries_of
from asr_simulator.verify.exchanges import Exchange
from asr_simulator.verify.findings import Verdict, one_of
from asr_simulator.verify.past import Past
from asr_simulator.verify.reference import (
    ACCEPTED,
    NO_CONTENT,
    OK,
    Learned,
    Reference,
    refused,
)
from asr_simulator.verify.shapes import misfits, words_at
from asr_simulator.wire import ArmError, Route, RouteTable

VAULT = "/providers/Microsoft.RecoveryServices/vaults/{vault}/"
ITEM, PLAN = "/replicationProtectedItems/{item}/", "/replicationRecoveryPlans/{plan}/"
SIGNATURE = frozenset({"t", "c", "s", "h"})
LIMIT = "x-ms-ratelimit-remaining-"
LIST = "nextLink"
# Answers of one run may be written down in another order, but not by more than this.
BACK = timedelta(minutes=5)
# Whose shapes the simulator claims to have as they are, with the point that says so.
SHAPES = {
    "replicationprotecteditems": "asr.item-body",
    "replicationprotectableitems": "asr.machine-ids",
    "replicationjobs": "asr.job-details",
    "replicationrecoveryplans": "asr.plan-body",
    "replicationfabrics": "asr.fabric-bodies",
    "replicationrecoveryservicesproviders": "asr.fabric-bodies",
    "replicationprotectioncontainers": "asr.fabric-bodies",
    "replicationnetworks": "asr.fabric-bodies",
    "replicationoperationstatus": "asr.operation-id",
    "replicationevents": "asr.events",
    "replicationvaulthealth": "asr.health",
}
RULES: dict[str, Callable[..., None]] = {
    "replicationprotecteditems": bodies.hold_item,
    "replicationjobs": bodies.hold_job,
    "replicationrecoveryplans": bodies.hold_plan,
}
# Points of calls that are none of Site Recovery's, by a part of their template.
OTHERS = {
    "/metadata/endpoints": "arm.metadata",
    "Microsoft.Authorization/locks": "arm.locks",
    "Microsoft.Authorization/permissions": "arm.permissions",
    "Microsoft.Compute/": "compute.reads",
    "Microsoft.Network/": "compute.reads",
    "/resources": "arm.lists",
}
REFUSALS = {400: "asr.wrong-input", 404: "arm.not-found", 401: "entra.challenge", 403: "arm.authorization"}
REFUSALS |= {409: "arm.read-only-lock", 429: "arm.request-limits"}
DIRECTION = "InvalidFailoverDirection"


class Judge:
    """Holds the exchanges of one recording, in order, against one set of variants."""

    def __init__(self, table: RouteTable, reference: Reference) -> None:
        self._table = table
        self._reference = reference
        self._past = Past(reference)
        self._when: datetime | None = None

    def judge(self, exchange: Exchange) -> Verdict:
        """What the simulator would have said otherwise."""
        verdict = Verdict(exchange)
        if exchange.when is not None:
            if self._when is not None and self._when - exchange.when > BACK:
                # Another recording begins.
                self._past = Past(self._reference)
            self._when = exchange.when
        if not exchange.path:
            verdict.leave("the recording does not say what was asked for")
            return verdict
        found = self._table.find(exchange.method, exchange.path)
        if found is None:
            verdict.leave(f"no route of the simulator answers {exchange.method} at such a path")
            return verdict
        route, parameters = found
        if _is_unmodeled(route):
            verdict.leave("the simulator knows this call, and does not model it")
        elif not route.authenticated:
            _hold_open(verdict, route)
        elif exchange.status >= 500:
            verdict.leave(f"{exchange.status} is an outage: the simulator answers so by fault alone")
        else:
            self._hold(verdict, route, parameters)
        return verdict

    def _hold(self, verdict: Verdict, route: Route, parameters: Mapping[str, str]) -> None:
        exchange = verdict.exchange
        if exchange.version and route.api_versions is not None and exchange.version not in route.api_versions:
            verdict.leave(
                f"api-version {exchange.version} is none of the stable ones, which the simulator would refuse"
            )
        _hold_limits(verdict)
        if VAULT not in f"{route.template}/":
            self._hold_other(verdict, route)
            return
        operation = route.template.rsplit("/", 1)[-1] if exchange.method == "POST" else ""
        below = next((kind for kind in (ITEM, PLAN) if kind in route.template), "")
        if operation and below:
            path = exchange.path.rstrip("/").rsplit("/", 1)[0]
            self._past.asked(verdict, exchange, path, operation, of_plan=below == PLAN)
        if exchange.status >= 400:
            self._hold_refusal(verdict, route, operation)
        elif exchange.method == "POST":
            self._hold_accepted(verdict, route, operation, of_plan=below == PLAN, of_item=below == ITEM)
        else:
            self._hold_read(verdict, route, parameters)

    def _hold_refusal(self, verdict: Verdict, route: Route, operation: str) -> None:
        exchange = verdict.exchange
        error = at(exchange.body, "error")
        code, details = at(error, "code"), at(error, "details")
        inner = at(details[0], "code") if isinstance(details, list) and details else None
        point = "asr.wrong-direction" if inner == DIRECTION else REFUSALS.get(exchange.status, "")
        if exchange.body is not None or exchange.has_headers:
            verdict.hold(isinstance(code, str), "$.error.code", code, "a code", *([point] if point else []))
        precise = {(status, one) for status, outer, one in refused() if outer == code}
        if inner is not None and (exchange.status, inner) not in precise:
            verdict.leave(f"{exchange.status} {code} / {inner} is not modeled")
        elif not point:
            verdict.leave(f"status {exchange.status} is not modeled")
        if operation == "reProtect" and PLAN in route.template:
            self._hold_plan_reprotect(verdict)

    def _hold_plan_reprotect(self, verdict: Verdict) -> None:
        works, status = self._reference.variants.plan_reprotect == "works", verdict.exchange.status
        verdict.hold(
            (status == ACCEPTED) is works, "status", status, "202" if works else "400", "asr.plan-reverse-replication"
        )

    def _hold_accepted(self, verdict: Verdict, route: Route, operation: str, *, of_plan: bool, of_item: bool) -> None:
        exchange = verdict.exchange
        if of_plan and operation == "reProtect":
            self._hold_plan_reprotect(verdict)
        if not verdict.hold(exchange.status == ACCEPTED, "status", exchange.status, str(ACCEPTED), "asr.accepted"):
            return
        verdict.hold(exchange.body in (None, ""), "$", exchange.body, "an empty body", "asr.accepted")
        self._hold_headers(verdict)
        if of_item and operation in ACCEPTS:
            _hold_request(verdict, operation)

    def _hold_headers(self, verdict: Verdict) -> None:
        headers, point = verdict.exchange.headers, "asr.accepted"
        status = "replicationJobs" if verdict.exchange.version == FIRST else "replicationOperationStatus"
        wanted = {"location": "operationresults", "azure-asyncoperation": status, "x-ms-request-id": "replicationJobs"}
        retry = headers.get("retry-after")
        if retry is not None or verdict.exchange.has_headers:
            verdict.hold(retry == RETRY_AFTER, "Retry-After", retry, RETRY_AFTER, point)
        for name, segment in wanted.items():
            value = headers.get(name)
            if value is None and not verdict.exchange.has_headers:
                continue
            parts = urlsplit(value or "").path.rstrip("/").split("/")
            fits = len(parts) > 1 and parts[-2].lower() == segment.lower()
            points = (point, "asr.poll-urls") if name != "x-ms-request-id" else (point,)
            if verdict.hold(fits, name, value, f".../{segment}/ID", *points) and name != "x-ms-request-id":
                self._hold_signature(verdict, name, value or "")

    def _hold_signature(self, verdict: Verdict, name: str, url: str) -> None:
        signed = set(parse_qs(urlsplit(url).query, keep_blank_values=True)) >= SIGNATURE
        wanted = self._reference.variants.signed_poll_urls
        verdict.hold(signed is wanted, name, url, "signed" if wanted else "not signed", "asr.poll-urls")

    def _hold_read(self, verdict: Verdict, route: Route, parameters: Mapping[str, str]) -> None:
        exchange = verdict.exchange
        collection = _collection(route.template)
        if "operationresults" in route.template:
            wanted = {ACCEPTED, NO_CONTENT if PLAN in route.template else OK}
            verdict.hold(exchange.status in wanted, "status", exchange.status, one_of(wanted), "asr.operation-results")
            if exchange.status == OK and ITEM in route.template:
                self._hold_resources(verdict, "replicationprotecteditems", exchange.body, None)
            return
        if not verdict.hold(exchange.status == OK, "status", exchange.status, str(OK)):
            return
        self._hold_shape(verdict, route, collection)
        if collection == "replicationoperationstatus":
            bodies.hold_operation(verdict, exchange.body)
            self._past.operation(verdict, parameters["job"], exchange.body, self._reference)
        elif collection in RULES:
            asked = parameters.get("job", "").lower()
            self._hold_resources(verdict, collection, exchange.body, asked or None)
        elif collection in bodies.WORDS:
            shape = self._reference.learned.shapes.get(("GET", route.template))
            bodies.hold_words(
                verdict, collection, exchange.body, lambda name: words_at(shape, name) if shape else set()
            )
        else:
            verdict.held.update([SHAPES[collection]] if collection in SHAPES else [])
        self._hold_page(verdict, route)

    def _hold_resources(self, verdict: Verdict, collection: str, body: Any, asked: str | None) -> None:
        in_list = isinstance(body, Mapping) and isinstance(body.get("value"), list)
        for place, entry in entries_of(body):
            RULES[collection](verdict, place, entry, self._reference, in_list=in_list)
            if collection == "replicationprotecteditems":
                self._past.item(verdict, place, entry)
            elif collection == "replicationrecoveryplans":
                self._past.plan(entry)
            elif collection == "replicationjobs":
                self._past.job(verdict, place, entry, in_list=in_list)
                self._hold_asked(verdict, place, entry, asked)

    def _hold_asked(self, verdict: Verdict, place: str, job: Any, asked: str | None) -> None:
        """A job that was asked for by the id of a plan's operation has another name, where it is found at all."""
        if asked is None or asked not in self._past.of_plans:
            return
        name = str(at(job, "name")).lower()
        variants = self._reference.variants
        if variants.plan_job_id_differs:
            found = variants.plan_job_by_operation
            verdict.hold(found, "status", OK, "404 for the id of a plan's operation", "asr.operation-id")
        verdict.hold(
            (name == asked) is not variants.plan_job_id_differs, f"{place}.name", name, "its job's", "asr.operation-id"
        )

    def _hold_page(self, verdict: Verdict, route: Route) -> None:
        body = verdict.exchange.body
        values = at(body, "value")
        if not isinstance(values, list) or LIST not in (body or {}):
            return
        size, link = self._reference.variants.page_size, body[LIST]
        fits = len(values) == size if link else len(values) <= size
        verdict.hold(
            fits,
            f"$.{LIST}",
            f"{len(values)} entries, {'more' if link else 'no more'}",
            f"pages of {size}",
            "asr.paging",
        )

    def _hold_shape(self, verdict: Verdict, route: Route, collection: str) -> None:
        exchange = verdict.exchange
        shape = self._reference.learned.shapes.get((exchange.method, route.template))
        if shape is None or collection not in SHAPES:
            return
        whole = exchange.version >= BODIES
        if not whole:
            verdict.leave(f"which properties there are is not judged before api-version {BODIES}")
        values = at(exchange.body, "value")
        single = isinstance(values, list) is not ("array" in _value_types(shape))
        if single:
            verdict.leave("a part of the answer was published")
            return
        for misfit in misfits(exchange.body, shape, properties=whole):
            verdict.hold(False, misfit.place, misfit.recorded, misfit.expected, SHAPES[collection])
        verdict.held.add(SHAPES[collection])

    def _hold_other(self, verdict: Verdict, route: Route) -> None:
        """Calls of Resource Manager, compute and network: the simulator has fewer properties, and says so."""
        point = next((point for part, point in OTHERS.items() if part in route.template), "")
        exchange = verdict.exchange
        if exchange.status >= 400:
            self._hold_refusal(verdict, route, "")
            return
        shape = self._reference.learned.shapes.get((exchange.method, route.template))
        if exchange.method in ("GET", "HEAD"):
            verdict.hold(
                exchange.status in (OK, NO_CONTENT), "status", exchange.status, str(OK), *([point] if point else [])
            )
        for misfit in misfits(exchange.body, shape, properties=False) if shape else ():
            verdict.hold(False, misfit.place, misfit.recorded, misfit.expected, *([point] if point else []))
        if point:
            verdict.held.add(point)


def _value_types(shape: Any) -> set[str]:
    found: set[str] = set()
    for known in shape.properties.values():
        if "value" in known:
            found |= known["value"][1].types
    return found


def _is_unmodeled(route: Route) -> bool:
    return any(
        route.method == method and route.template.endswith(f"{VAULT}{template}") for method, template in UNMODELED
    )


def _collection(template: str) -> str:
    """The type of resource that a route shows, in lower case."""
    names = [segment for segment in template.split("/") if not segment.startswith("{")]
    return names[-1].lower() if names else ""


def _hold_open(verdict: Verdict, route: Route) -> None:
    """A sign-in, or what tells where that is: that there was one."""
    point = "arm.metadata" if "metadata" in route.template else "entra.token"
    status = verdict.exchange.status
    if status < 400:
        verdict.hold(status == OK, "status", status, str(OK), point)
    else:
        verdict.leave("refused sign-ins are not judged: of a sign-in a recording has no body")


def _hold_limits(verdict: Verdict) -> None:
    """What is left of the request limits is a number."""
    for name, value in verdict.exchange.headers.items():
        if name.startswith(LIMIT):
            verdict.hold(value.isdecimal(), name, value, "a number", "arm.request-limits")


def _hold_request(verdict: Verdict, operation: str) -> None:
    """What was accepted, the simulator would not have refused for its body."""
    body = verdict.exchange.sent
    try:
        ACCEPTS[operation](body)
    except ArmError as refusal:
        details = refusal.details or [{}]
        said = f"{refusal.status} {details[0].get('code')}: {refusal.message}"
        verdict.hold(False, "status", verdict.exchange.status, said, "asr.wrong-input")
    else:
        absent = operation == "plannedFailover" and at(body, "properties", "failoverDirection") is None
        verdict.held.add("asr.direction-absent" if absent else "asr.wrong-input")


def _failover(body: Any, *, by_input: bool = False) -> None:
    properties = request_bodies.properties_of(body)
    direction = request_bodies.direction_of(properties, by_input=by_input)
    to_azure = direction == request_bodies.TO_AZURE
    request_bodies.provider_details(properties, *(() if to_azure else (request_bodies.FAILBACK_INPUT,)))


def _reverse(body: Any) -> None:
    properties = request_bodies.properties_of(body)
    request_bodies.direction_of(properties)
    request_bodies.provider_details(properties)


ACCEPTS: dict[str, Callable[[Any], None]] = {
    "plannedFailover": partial(_failover, by_input=True),
    "unplannedFailover": _failover,
    "reProtect": _reverse,
}


def judge_all(table: RouteTable, reference: Reference, exchanges: Iterable[Exchange]) -> list[Verdict]:
    """The verdict on each exchange, against one set of variants."""
    judge = Judge(table, reference)
    return [judge.judge(exchange) for exchange in exchanges]


def explained(
    table: RouteTable, learned: Learned, exchanges: Sequence[Exchange], variants: Mapping[str, Variants]
) -> list[Verdict]:
    """The verdicts against the defaults; what differs has the variant under which it would not.

    ``variants`` are those that a scenario can name, by what it says.
    """
    verdicts = judge_all(table, Reference(Variants(), learned), exchanges)
    for name, other in variants.items():
        if not any(verdict.differences for verdict in verdicts):
            break
        again = judge_all(table, Reference(other, learned), exchanges)
        for verdict, second in zip(verdicts, again, strict=True):
            before, left = (_places(one) for one in (verdict, second))
            # One that makes something else differ explains nothing.
            if not left < before:
                continue
            verdict.differences = [
                replace(one, variant=name) if not one.variant and (one.place, str(one.recorded)) not in left else one
                for one in verdict.differences
            ]
    return verdicts


def _places(verdict: Verdict) -> set[tuple[str, str]]:
    return {(one.place, str(one.recorded)) for one in verdict.differences}


def names_in(exchanges: Iterable[Exchange]) -> dict[str, set[str]]:
    """What a recording says where a variant takes anything: names of failbacks, sizes of pages."""
    found: dict[str, set[str]] = {"failback_scenario_name": set(), "page_size": set()}
    for exchange in exchanges:
        values = at(exchange.body, "value")
        if isinstance(values, list) and at(exchange.body, LIST):
            found["page_size"].add(str(len(values)))
        for _place, entry in entries_of(exchange.body):
            scenario = at(entry, "properties", "scenarioName")
            if isinstance(scenario, str):
                found["failback_scenario_name"].add(scenario)
    return found
