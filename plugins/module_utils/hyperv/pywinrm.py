# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that this collection takes from pywinrm and from what it stands on, and the only place that imports them.

Ansible's tools import every file of a collection where none of them is installed. There each name is an empty class:
enough to annotate with and to name in an except clause. Whoever asks a host calls `missing_winrm()` first.
"""

from __future__ import annotations

from contextlib import suppress

_MISSING: ImportError | None = None
__all__ = [
    "AuthenticationError",
    "AuthenticationException",
    "NTStatusException",
    "Protocol",
    "ProxyError",
    "RequestException",
    "SSLError",
    "SpnegoError",
    "Timeout",
    "WSManFaultError",
    "WinRMError",
    "WinRMOperationTimeoutError",
    "WinRMTransportError",
    "missing_winrm",
]

try:
    from requests.exceptions import ProxyError, RequestException, SSLError, Timeout
    from spnego.exceptions import SpnegoError
    from winrm.exceptions import (
        AuthenticationError,
        WinRMError,
        WinRMOperationTimeoutError,
        WinRMTransportError,
        WSManFaultError,
    )
    from winrm.protocol import Protocol
except ImportError as error:
    _MISSING = error

# Of the extra credssp; they have no base in common.
with suppress(ImportError):
    from requests_credssp.exceptions import AuthenticationException, NTStatusException


class _Absent(Exception):
    """Stands for a class of a library that is not installed. Nothing raises it."""


def __getattr__(name: str) -> type[_Absent]:
    if name.startswith("__"):
        raise AttributeError(name)
    return _Absent


def missing_winrm() -> ImportError | None:
    """Return why pywinrm cannot be imported, or None when it can."""
    return _MISSING
