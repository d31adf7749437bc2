# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that several modules share, as argument specs. The doc fragments of the same names document them."""

from __future__ import annotations

from typing import Any

from ..model.lifecycle import Stage
from ..watch import REPORT_INTERVAL
from .authority import MIXED

AZURE_OPTIONS: dict[str, dict[str, Any]] = {
    "auth_source": {"type": "str", "choices": ["auto", "cli", "credential_file", "env", "msi"]},
    "profile": {"type": "str"},
    "subscription_id": {"type": "str"},
    "tenant": {"type": "str"},
    "client_id": {"type": "str"},
    "secret": {"type": "str", "no_log": True},
    "x509_certificate_path": {"type": "path"},
    "ad_user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "cloud_environment": {"type": "str"},
    "adfs_authority_url": {"type": "str"},
    "cert_validation_mode": {"type": "str", "choices": ["ignore", "validate"]},
    "disable_instance_discovery": {"type": "bool"},
    "recording": {"type": "path"},
}
VAULT_OPTIONS: dict[str, dict[str, Any]] = {
    "resource_group": {"type": "str", "required": True},
    "vault_name": {"type": "str", "required": True},
}
TARGET_OPTIONS: dict[str, dict[str, Any]] = {
    "replicated_item": {"type": "str"},
    "recovery_plan": {"type": "str"},
}
# Named as Ansible's own variables of the winrm connection, which they take the place of.
MANY_OPTIONS: dict[str, dict[str, Any]] = {"replicated_items": {"type": "list", "elements": "raw"}}
WINRM_OPTIONS: dict[str, dict[str, Any]] = {
    "winrm_user": {"type": "str"},
    "winrm_password": {"type": "str", "no_log": True},
    "winrm_transport": {
        "type": "list",
        "elements": "str",
        "choices": ["basic", "certificate", "credssp", "kerberos", "ntlm"],
    },
    "winrm_scheme": {"type": "str", "choices": ["http", "https"]},
    "winrm_port": {"type": "int"},
    "winrm_path": {"type": "str"},
    "winrm_server_cert_validation": {"type": "str", "choices": ["ignore", "validate"]},
    "winrm_ca_trust_path": {"type": "path"},
    "winrm_cert_pem": {"type": "path"},
    "winrm_cert_key_pem": {"type": "path", "no_log": False},
    "winrm_kerberos_delegation": {"type": "bool"},
    "winrm_kerberos_hostname_override": {"type": "str"},
    "winrm_message_encryption": {"type": "str", "choices": ["always", "auto", "never"]},
    "winrm_proxy": {"type": "str"},
    "winrm_operation_timeout_sec": {"type": "int"},
    "winrm_read_timeout_sec": {"type": "int"},
}
# Which hosts may be asked, beside those of the inventory.
HOSTS_OPTIONS: dict[str, dict[str, Any]] = {"hyperv_hosts": {"type": "dict"}}
# A data synchronization of 8.7 hours is recorded, so a day.
WAIT_OPTIONS: dict[str, dict[str, Any]] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 86400},
    "poll_interval": {"type": "float"},
    "report_interval": {"type": "int", "default": REPORT_INTERVAL},
}
# When a cut-over may happen.
WINDOW_OPTIONS: dict[str, dict[str, Any]] = {
    "window": {
        "type": "dict",
        "options": {
            "not_before": {"type": "str"},
            "not_after": {"type": "str"},
            "rule": {"type": "str"},
            "duration": {"type": "str"},
            "freeze": {"type": "list", "elements": "str"},
            "time_zone": {"type": "str", "default": "UTC"},
        },
    },
}
ASSUME_OPTIONS: dict[str, dict[str, Any]] = {
    "assume_stage": {"type": "str", "choices": [*(stage.value for stage in Stage), MIXED]},
}
# Where a VM comes back to.
PLACE_OPTIONS: dict[str, dict[str, Any]] = {
    "create_vm_if_missing": {"type": "bool", "default": False},
    "target_host": {"type": "str"},
}
DATA_SYNC_OPTION = {"type": "str", "default": "auto", "choices": ["auto", "before_failover", "during_failover"]}
DISCARD_DISKS_OPTION = {"type": "list", "elements": "str", "default": []}
