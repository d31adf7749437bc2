# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trace of a run, made of its record and sent to a collector of OpenTelemetry by OTLP over HTTP.

Where it goes, and with what, the standard variables say that the exporter reads: OTEL_EXPORTER_OTLP_* and OTEL_*.
"""

from __future__ import annotations

import hashlib
import logging
import os
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from urllib.parse import urlsplit

from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError, MissingLibrary
from ansible_collections.asr.failback.plugins.module_utils.model.run_document import ENDED
from ansible_collections.asr.failback.plugins.module_utils.model.run_spans import spans_of
from ansible_collections.asr.failback.plugins.module_utils.report_file import load_report

try:
    from google.protobuf.message import DecodeError
    from opentelemetry.context import Context
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExportResult
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON
    from opentelemetry.trace import Status, StatusCode, set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    from requests import RequestException, Session
except ImportError as problem:
    MISSING = problem
    RandomIdGenerator = Session = SpanProcessor = object
else:
    MISSING = None

SERVICE = "asr.failback"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_BATCH = 512
# The exporter takes seconds, others milliseconds: ten thousand of these must not become as many seconds.
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
_SECONDS, _LONGEST = 10, 30
_UNSENT = "The trace was not sent"
_REMEDY = (
    "The record and its other forms are written. See OTEL_EXPORTER_OTLP_ENDPOINT (OTLP over HTTP, as a rule port 4318) "
    "and the other variables OTEL_EXPORTER_OTLP_*. To send it again, run asr.failback.report on the record, with "
    "failback_report_trace."
)


def send_trace(path):
    """Send the trace of the record at a path, if that is of a run that has ended and was not in check mode.

    Raises FailbackError where a library is missing, or where the trace is not taken.
    """
    if MISSING is not None:
        raise MissingLibrary(
            f"{_UNSENT}: the Python of the controller lacks a library: {MISSING.msg}.",
            "Install opentelemetry-exporter-otlp-proto-http for it. The record and its other forms are written.",
        ) from MISSING
    record = load_report(path)
    if record["run"].get("state") != ENDED or record["run"].get("check_mode"):
        return
    root = spans_of(record)
    session = _Watched()
    with _silence():
        try:
            spans = _finished_spans(root, record["run"].get("id"))
            exporter = OTLPSpanExporter(session=session, timeout=_timeout())
        except ValueError as problem:
            # A variable that is none of the values that it may have.
            raise ConfigurationError(f"{_UNSENT}: {problem}.", _REMEDY) from problem
        try:
            for first in range(0, len(spans), _BATCH):
                _send(exporter, session, spans[first : first + _BATCH])
        finally:
            exporter.shutdown()


@contextmanager
def _silence():
    """Let the library say nothing: it would say it on the screen, with a header that it cannot read."""
    logger = logging.getLogger("opentelemetry")
    before, nothing = logger.propagate, logging.NullHandler()
    logger.propagate = False
    logger.addHandler(nothing)
    try:
        yield
    finally:
        logger.removeHandler(nothing)
        logger.propagate = before


def _finished_spans(root, run):
    """Return the spans as the exporter takes them. C(run) is the id of the run, from which theirs are made."""
    ids, kept = _Ids(run), _Kept()
    # The user's own name goes before ours.
    resource = Resource.create({"service.name": SERVICE}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(kept)
    tracer = provider.get_tracer(SERVICE)
    carrier = {name.lower(): os.environ[name] for name in ("TRACEPARENT", "TRACESTATE") if os.environ.get(name)}
    above = TraceContextTextMapPropagator().extract(carrier, context=Context())

    _tell(root, tracer, ids, above, ())
    return kept.spans


def _tell(facts, tracer, ids, above, place):
    """Let the library begin and end a span, and those within it."""
    ids.place = (*place, facts.key)
    attributes = {name: _text(value) if isinstance(value, str) else value for name, value in facts.attributes.items()}
    span = tracer.start_span(_text(facts.name), above, attributes=attributes, start_time=_nanoseconds(facts.started))
    if facts.failure:
        span.set_status(Status(StatusCode.ERROR, _text(facts.failure)))
    for child in facts.children:
        _tell(child, tracer, ids, set_span_in_context(span, above), (*place, facts.key))
    span.end(_nanoseconds(facts.ended))


def _nanoseconds(time):
    return (time - _EPOCH) // _MICROSECOND * 1000


def _text(value):
    """Return a text without what UTF-8 cannot hold."""
    return value.encode("utf-8", "replace").decode("utf-8")


class _Ids(RandomIdGenerator):
    """Ids that are the same whenever the record is sent: by the id of its run, and the place of the span in the trace.
    By chance where the run has no id."""

    def __init__(self, run):
        self._run = run
        self.place = ()

    def generate_trace_id(self):
        """Return the id of the trace."""
        return self._hash("trace", 16) if self._run else super().generate_trace_id()

    def generate_span_id(self):
        """Return the id of the span at C(place)."""
        return self._hash("\0".join(self.place), 8) if self._run else super().generate_span_id()

    def is_trace_id_random(self):
        """Return whether samplers may take the id for a random number."""
        return not self._run

    def _hash(self, what, size):
        return int.from_bytes(hashlib.sha256(f"{self._run}\0{what}".encode("utf-8", "replace")).digest()[:size], "big")


class _Kept(SpanProcessor):
    """Keeps all spans: the one of the library that sends them drops those that are too many, and hides its failures."""

    def __init__(self):
        self.spans = []

    def on_end(self, span):
        """Keep a span."""
        self.spans.append(span)


class _Watched(Session):
    """A session that keeps what became of its last request, which the exporter does not say."""

    def __init__(self):
        super().__init__()
        self.asked, self.status, self.content, self.problem = "the collector", None, b"", None

    def request(self, method, url, **kwargs):
        """Return the response."""
        self.asked, self.status, self.content = _without_secrets(url), None, b""
        # A certificate that only the session has would not count where REQUESTS_CA_BUNDLE is set, and some versions of
        # the exporter check nothing where its variable is empty. The page to which somebody is sent to sign in is no
        # collector.
        verify = kwargs.get("verify", self.verify) or True
        options = {**kwargs, "verify": verify, "allow_redirects": False}
        if _is_loopback(url):
            options["proxies"] = _NO_PROXY
        try:
            response = super().request(method, url, **options)
        except (OSError, ValueError) as problem:
            # Of those that are tried again, the first says most: the last one may have had no time left.
            self.problem = self.problem or problem
            raise
        self.status, self.content, self.problem = response.status_code, response.content, None
        return response

    def objection(self):
        """Return why the last request has not brought everything to its end; nothing where it has."""
        if self.problem is not None:
            return f"cannot be reached: {_words_of(self.problem)}"
        if self.status is None:
            return "was not asked: the spans cannot be written as OTLP"
        if not 200 <= self.status < 300:
            return f"has refused it with HTTP status {self.status}"
        return _rejected(self.content)


# Each of them is set for a proxy of the environment not to count.
_NO_PROXY = {"http": None, "https": None, "all": None}


def _is_loopback(url):
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _without_secrets(url):
    """Return an address without what may be a key in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else "the collector"


def _words_of(problem):
    """Return what was wrong with a request, in the words of the system: those of the library have the address."""
    root = problem
    while root.__context__ is not None:
        root = root.__context__
    if isinstance(root, OSError) and root.strerror:
        return root.strerror
    told = isinstance(root, OSError) and not isinstance(root, RequestException)
    return str(root) if told and str(root) else type(root).__name__


def _rejected(content):
    """Return what a collector says that it has not taken of what it has accepted."""
    try:
        left = ExportTraceServiceResponse.FromString(content).partial_success
    except DecodeError:
        # Some answer in words of their own.
        return ""
    return f"has rejected {left.rejected_spans} spans: {left.error_message}" if left.rejected_spans else ""


def _send(exporter, session, spans):
    """Send a batch of spans. Raises ConfigurationError where not all of them are taken."""
    try:
        taken = exporter.export(spans) is SpanExportResult.SUCCESS
    except (OSError, ValueError):
        # Not all versions of the exporter catch what the session keeps.
        taken = False
    objection = session.objection()
    if not taken or objection:
        raise ConfigurationError(f"{_UNSENT}: {session.asked} {objection or 'has not taken it'}.", _REMEDY)


def _timeout():
    """Return the seconds that a batch may take, with all its tries. Raises ValueError."""
    asked = next((os.environ[name] for name in _TIMEOUTS if os.environ.get(name)), _SECONDS)
    return min(max(float(asked), 1.0), _LONGEST)
