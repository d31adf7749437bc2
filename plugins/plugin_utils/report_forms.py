# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms of a report that people and pipelines read: an HTML page, Markdown, JUnit XML. All from the same facts."""

from __future__ import annotations

import re

from ansible_collections.asr.failback.plugins.module_utils.model.failures import MissingLibrary
from ansible_collections.asr.failback.plugins.module_utils.model.verdict import as_sentences, objections
from ansible_collections.asr.failback.plugins.plugin_utils.page_templates import rendered

try:
    import junitparser

    MISSING_JUNITPARSER = None
except ImportError as problem:
    junitparser = None
    MISSING_JUNITPARSER = problem


def as_page(facts):
    """Return a page that needs nothing else: no network, no script."""
    return rendered("report.html.j2", facts)


def as_markdown(facts):
    """Return the report as Markdown."""
    return rendered("report.md.j2", facts)


def as_junit(facts):
    """Return the report as JUnit XML: a suite for each virtual machine, a case for its failback and for each check.

    Raises MissingLibrary where junitparser is not installed.
    """
    if junitparser is None:
        raise MissingLibrary(
            f"The Python of the controller lacks a library: {MISSING_JUNITPARSER.msg}.", "Install junitparser for it."
        ) from MISSING_JUNITPARSER
    report = junitparser.JUnitXml(facts["title"])
    report.add_testsuite(_suite_of_run(facts))
    for row in facts["rows"]:
        suite = junitparser.TestSuite(_xml(row["vm"]))
        suite.add_testcases([*_cases(row)])
        report.add_testsuite(suite)
    report.update_statistics()
    return report.tostring().decode()


def _suite_of_run(facts):
    """Return what is to be said of the run as a whole: one that has not ended, or has no host, has shown nothing."""
    suite = junitparser.TestSuite("run")
    for label, value in facts["identity"]:
        suite.add_property(label, _xml(value))
    objections = [junitparser.Failure(_xml("; ".join(facts["reasons"])), facts["verdict"])] if facts["reasons"] else []
    suite.add_testcases([_case("run", "run", objections)])
    return suite


def _cases(row):
    name = _xml(row["vm"])
    yield _case("failback", name, _results_of(row), row["recovery_time"]["seconds"])
    for check in row["checks"]:
        yield _case(f"validation {check['id']}", name, _result_of(check))
    for finding in row["findings"]:
        case = _case(f"prerequisite {finding['id']}", name, _result_of(finding))
        if finding["status"] == "warn":
            case.system_out = f"warning: {_told(finding)}"
        yield case


def _case(name, suite, results, seconds=None):
    case = junitparser.TestCase(_xml(name), classname=suite, time=seconds)
    case.result = results
    return case


def _results_of(row):
    told = objections(row["reasons"])
    return [junitparser.Failure(_xml(told), row["verdict"])] if told else []


def _result_of(check):
    about = _told(check)
    if check["status"] == "fail":
        return [junitparser.Failure(about)]
    return [junitparser.Skipped(about)] if check["status"] == "not_checked" else []


def _told(check):
    return _xml(as_sentences([check["cause"] or check["seen"], check["remedy"]]))


def _xml(text):
    """Return a text without what XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", str(text))
