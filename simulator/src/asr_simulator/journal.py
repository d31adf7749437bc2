# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was asked of the simulator: the journal in memory, and the traffic file. Neither ever holds a secret."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from asr_simulator.wire import Reply, Request

REDACTED = {"authorization", "cookie", "set-cookie"}


class Journal:
    """Each request, in order.

    seq, time, method, path, query, principal, status, handled, request_body, operation, write.

    ``write`` tells whether an authenticated request could change something (any method but GET and HEAD).
    ``principal`` is the client id, null before authentication. ``operation`` is the id of the job that it started.
    ``handled`` is the status with which it was handled, null where a fault kept it from that; ``status`` is what the
    caller was told.
    """

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []

    @property
    def count(self) -> int:
        """How many requests there were."""
        return len(self._entries)

    def record(self, request: Request, reply: Reply, when: datetime, arm: bool, handled: Reply | None) -> None:
        """Add an exchange; ``arm``: a call that needs a token. The bodies of other calls are not kept.

        ``handled`` is the answer before a fault changed it, None where there was none.
        """
        self._entries.append(
            {
                "seq": len(self._entries) + 1,
                "time": when.isoformat(),
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "principal": request.principal.client_id if request.principal else None,
                "status": reply.status,
                "handled": handled.status if handled else None,
                "request_body": request.body if arm else None,
                "operation": _operation(handled) if handled else None,
                "write": arm and request.method not in ("GET", "HEAD"),
            }
        )

    def entries(self, since: int = 0, writes: bool = False) -> list[dict[str, Any]]:
        """The entries with a ``seq`` above ``since``; ``writes``: only those that could change something."""
        return [entry for entry in self._entries[since:] if entry["write"] or not writes]


def _operation(reply: Reply) -> str | None:
    location = reply.headers.get("Location") if reply.status == 202 else None
    return location.split("?")[0].rsplit("/", 1)[1] if location else None


class Traffic:
    """Appends each exchange to a file, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def record(self, request: Request, reply: Reply, arm: bool) -> None:
        """Write an exchange; of calls that need no token (those that hand out tokens) without bodies."""
        line = json.dumps(
            {
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "request_body": request.body if arm else None,
                "status": reply.status,
                "response_headers": {k: v for k, v in reply.headers.items() if k.lower() not in REDACTED},
                "response_body": reply.body if arm else None,
            }
        )
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
