# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A collector of OpenTelemetry on loopback, which reads what it is sent as OTLP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import trustme
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.web import Answer, Web

TAKEN = Answer(body="", headers={"Content-Type": "application/x-protobuf"})
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class ReceivedSpan:
    """A span as it arrived; C(error) is the text of its status, empty where that is none."""

    trace: str
    id: str
    parent: str
    name: str
    started: str
    ended: str
    attributes: dict[str, Any]
    error: str
    service: str


class Collector(Web):
    """A context manager. By default it takes everything."""

    def __init__(self, *answers: Answer, authority: trustme.CA | None = None) -> None:
        super().__init__(authority, answers or [TAKEN])

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the exporter finds it. A proxy that answers nobody must not be asked."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": ""}

    def requests(self) -> list[list[ReceivedSpan]]:
        """The spans of each request so far."""
        assert {path for _method, path in self.asked} <= {"/v1/traces"}
        return [_spans(body if isinstance(body, bytes) else body.encode()) for body in self.bodies]

    def spans(self) -> list[ReceivedSpan]:
        """All spans so far."""
        return [span for request in self.requests() for span in request]


def _spans(content: bytes) -> list[ReceivedSpan]:
    return [
        _received(span, str(_values(of_resource.resource.attributes)["service.name"]))
        for of_resource in ExportTraceServiceRequest.FromString(content).resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def _received(span: Any, service: str) -> ReceivedSpan:
    return ReceivedSpan(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        started=_time(span.start_time_unix_nano),
        ended=_time(span.end_time_unix_nano),
        attributes=_values(span.attributes),
        error=span.status.message if span.status.code == span.status.STATUS_CODE_ERROR else "",
        service=service,
    )


def _values(pairs: Sequence[Any]) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def _time(nanoseconds: int) -> str:
    assert nanoseconds % 1000 == 0
    return (_EPOCH + timedelta(microseconds=nanoseconds // 1000)).isoformat()
