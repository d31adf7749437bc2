# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that are made of a scorecard: a page for people, and metrics for Prometheus."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.asr.failback.plugins.module_utils.model.failures import MissingLibrary
from ansible_collections.asr.failback.plugins.module_utils.model.report_words import STATUS_WORDS
from ansible_collections.asr.failback.plugins.module_utils.owners_file import EVERYBODY, OWNER, write_if_other
from ansible_collections.asr.failback.plugins.plugin_utils.page_templates import rendered

try:
    import prometheus_client

    MISSING_PROMETHEUS_CLIENT = None
except ImportError as problem:
    prometheus_client = None
    MISSING_PROMETHEUS_CLIENT = problem

_PREFIX = "asr_failback_"


def write_scorecard(card, paths):
    """Write the forms of a scorecard, each to its path; return whether a file is another now. Raises FailbackError."""
    made = {form: FORMS[form](card) for form in paths}
    changed = [_write(paths[form], text, form) for form, text in made.items()]
    return any(changed)


def _write(path, text, form):
    return write_if_other(path, lambda: iter([text]), _NAMES[form], mode=_MODES[form])


def as_page(card):
    """Return a page that needs nothing else: no network, no script."""
    return rendered("scorecard.html.j2", {**card, "status_words": STATUS_WORDS})


def as_metrics(card):
    """Return the metrics of a scorecard in the text format of Prometheus. What is not known has no sample.

    Raises MissingLibrary where prometheus_client is not installed.
    """
    if prometheus_client is None:
        raise MissingLibrary(
            f"The Python of the controller lacks a library: {MISSING_PROMETHEUS_CLIENT.msg}.",
            "Install prometheus_client for it.",
        ) from MISSING_PROMETHEUS_CLIENT
    registry = prometheus_client.CollectorRegistry()
    gauges = {
        name: prometheus_client.Gauge(f"{_PREFIX}{name}", about, labels, registry=registry)
        for name, (about, labels) in _METRICS.items()
    }
    gauges["scorecard_timestamp_seconds"].set(_timestamp(card["when"]))
    for one in card["applications"]:
        for name, labels, value in _samples(one):
            if value is not None:
                gauges[name].labels(one["name"], *labels).set(value)
    return prometheus_client.generate_latest(registry).decode()


_OF_APPLICATION = ("application",)
_OF_OBJECTIVE = ("application", "objective")
_METRICS = {
    "scorecard_timestamp_seconds": ("When the scorecard was made.", ()),
    "application_status": ("1 for the status that an application has, 0 for each other.", ("application", "status")),
    "application_hosts": ("Hosts of an application in the inventory.", _OF_APPLICATION),
    "application_drilled_hosts": ("Hosts of an application whose last failback still counts.", _OF_APPLICATION),
    "application_changes": ("What has changed since the last failback of an application.", _OF_APPLICATION),
    "last_failback_timestamp_seconds": ("When an application was failed back last.", _OF_APPLICATION),
    "recovery_seconds": ("The longest recovery of an application in its last failback.", _OF_APPLICATION),
    "downtime_seconds": ("The longest downtime of an application in its last failback.", _OF_APPLICATION),
    "objective_seconds": ("What is allowed.", _OF_OBJECTIVE),
    "objective_measured_seconds": ("What was measured, of the VM that did worst.", _OF_OBJECTIVE),
    "objective_met": ("1 if an objective was met, 0 if it was missed or not measured.", _OF_OBJECTIVE),
}


def _samples(one):
    """Yield the samples of an application: the metric, its other labels, and the value."""
    yield from (("application_status", (status,), int(status == one["status"])) for status in STATUS_WORDS)
    yield "application_hosts", (), len(one["hosts"])
    yield "application_drilled_hosts", (), len(one["drilled_hosts"])
    yield "application_changes", (), len(one["drift"]) if one["last_drill"] else None
    yield "last_failback_timestamp_seconds", (), _timestamp(one["last_drill"])
    yield "recovery_seconds", (), one["recovery_seconds"]
    yield "downtime_seconds", (), one["downtime_seconds"]
    for held in one["objectives"]:
        labels = (held["objective"],)
        yield "objective_seconds", labels, held["target"]
        yield "objective_measured_seconds", labels, held["measured"]
        yield "objective_met", labels, int(held["status"] == "met")


def _timestamp(stamp):
    return datetime.fromisoformat(stamp).timestamp() if stamp else None


FORMS = {"html": as_page, "prometheus": as_metrics}
_NAMES = {"html": "page", "prometheus": "file of metrics"}
_MODES = {"html": OWNER, "prometheus": EVERYBODY}
