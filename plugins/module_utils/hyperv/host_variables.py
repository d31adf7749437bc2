# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting of a host, by the option winrm_* and by the variables that Ansible's connection plugins read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.failures import ConfigurationError
from ..model.limits import LAST_PORT, MOST_SECONDS

# For each setting: its names after C(ansible_winrm_), after C(ansible_psrp_), and the variables of any connection.
_VARIABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "host": (("host",), ("host",), ("ansible_host",)),
    "port": (("port",), ("port",), ("ansible_port",)),
    "user": (("user",), ("user",), ("ansible_user",)),
    "password": (("password", "pass"), (), ("ansible_password",)),
    "transport": (("transport",), ("auth",), ()),
    "scheme": (("scheme",), ("protocol",), ()),
    "path": (("path",), ("path",), ()),
    "server_cert_validation": (("server_cert_validation",), ("cert_validation",), ()),
    "ca_trust_path": (("ca_trust_path",), ("ca_cert", "cert_trust_path"), ()),
    "cert_pem": (("cert_pem",), ("certificate_pem",), ()),
    "cert_key_pem": (("cert_key_pem",), ("certificate_key_pem",), ()),
    "kerberos_delegation": (("kerberos_delegation",), ("negotiate_delegate",), ()),
    "kerberos_hostname_override": (("kerberos_hostname_override",), ("negotiate_hostname_override",), ()),
    "service": (("service",), ("negotiate_service",), ()),
    "kinit_cmd": (("kinit_cmd",), (), ()),
    "message_encryption": (("message_encryption",), ("message_encryption",), ()),
    "send_cbt": (("send_cbt",), ("negotiate_send_cbt",), ()),
    "proxy": (("proxy",), ("proxy",), ()),
    "operation_timeout_sec": (("operation_timeout_sec", "connection_timeout"), ("operation_timeout",), ()),
    "read_timeout_sec": (("read_timeout_sec",), ("read_timeout",), ()),
}


class Given:
    """What was given for a setting, in the order of who has the last word."""

    def __init__(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        self._options = options
        self._variables = variables
        # Also C(ansible.builtin.winrm).
        self._connection = str(variables.get("ansible_connection") or "").rpartition(".")[2]

    def value(self, name: str) -> Any:
        """Return the first value that is given and not empty, else None."""
        found = self._options.get(f"winrm_{name}")
        values = (found, *(self._variables.get(variable) for variable in self._names(name)))
        return next((value for value in values if value not in (None, "", [])), None)

    def text(self, name: str) -> str:
        """Return a setting as text."""
        value = self.value(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int | None:
        """Return a setting as a whole number above 0: a port, or seconds."""
        value = self.value(name)
        if value is None:
            return None
        most = LAST_PORT if name == "port" else MOST_SECONDS
        digits = str(value)
        if not (digits.isdecimal() and len(digits) <= len(str(most)) and 0 < int(digits) <= most):
            raise ConfigurationError(
                f"winrm_{name} is '{value}', not a number from 1 to {most}.",
                f"Correct it, or {', '.join(self._names(name))}.",
            )
        return int(digits)

    def boolean(self, name: str, default: bool) -> bool:
        """Return a setting as a boolean."""
        value = self.text(name).lower()
        return value in ("true", "yes", "on", "1", "t", "y") if value else default

    def _names(self, name: str) -> tuple[str, ...]:
        winrm, psrp, general = _VARIABLES[name]
        own = [f"ansible_winrm_{suffix}" for suffix in winrm]
        other = [f"ansible_psrp_{suffix}" for suffix in psrp]
        if name == "port" and self._connection not in ("", "winrm", "psrp"):
            # It is the port of SSH, say.
            general = ()
        return (*other, *own, *general) if self._connection == "psrp" else (*own, *other, *general)
