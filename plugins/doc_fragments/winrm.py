# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How to reach and sign in to a Hyper-V host."""

    DOCUMENTATION = r"""
options:
  winrm_user:
    description:
      - User to sign in as, C(DOMAIN\user), C(user@domain) or a local one. It administers Hyper-V on the host.
      - Otherwise the inventory host's C(ansible_user).
    type: str
  winrm_password:
    description:
      - Password of O(winrm_user). Otherwise the inventory host's C(ansible_password).
    type: str
  winrm_transport:
    description:
      - Ways to sign in, tried in this order until the host takes one.
      - Otherwise C(ansible_winrm_transport) or C(ansible_psrp_auth). Without these it is V(ntlm) where there is a
        password, V(certificate) where there is a certificate, and else V(kerberos) with a ticket that the user already
        has.
      - V(basic) and V(certificate) need V(https), as they encrypt nothing themselves.
      - V(kerberos) with a password asks for a ticket of its own with the command C(kinit).
    type: list
    elements: str
    choices:
      - basic
      - certificate
      - credssp
      - kerberos
      - ntlm
  winrm_scheme:
    description:
      - V(https), or V(http) with encrypted messages. Otherwise C(ansible_winrm_scheme) or C(ansible_psrp_protocol),
        else V(https) unless the port is 5985.
    type: str
    choices:
      - http
      - https
  winrm_port:
    description:
      - Port of WinRM. Otherwise the inventory host's C(ansible_port), else 5986, or 5985 with V(http).
    type: int
  winrm_path:
    description:
      - Path of WinRM. Otherwise C(ansible_winrm_path), else C(/wsman).
    type: str
  winrm_server_cert_validation:
    description:
      - Whether the host's certificate is verified. Otherwise C(ansible_winrm_server_cert_validation) or
        C(ansible_psrp_cert_validation), else V(validate).
    type: str
    choices:
      - ignore
      - validate
  winrm_ca_trust_path:
    description:
      - File of the authorities that may have signed the host's certificate. Otherwise C(ansible_winrm_ca_trust_path) or
        C(ansible_psrp_ca_cert), else what E(REQUESTS_CA_BUNDLE) names, else those that the Python library requests
        trusts.
    type: path
  winrm_cert_pem:
    description:
      - Certificate to sign in with, for V(certificate). Otherwise C(ansible_winrm_cert_pem).
    type: path
  winrm_cert_key_pem:
    description:
      - Key of O(winrm_cert_pem). Otherwise C(ansible_winrm_cert_key_pem).
    type: path
  winrm_kerberos_delegation:
    description:
      - Let the host act for the user on other machines. Otherwise C(ansible_winrm_kerberos_delegation), else V(false).
    type: bool
  winrm_kerberos_hostname_override:
    description:
      - Name of the host in Kerberos where that is not its address. Otherwise
        C(ansible_winrm_kerberos_hostname_override).
    type: str
  winrm_message_encryption:
    description:
      - Whether messages are encrypted beside TLS. With V(http) they always are. Otherwise
        C(ansible_winrm_message_encryption), else V(auto).
    type: str
    choices:
      - always
      - auto
      - never
  winrm_proxy:
    description:
      - URL of a proxy to the host. Otherwise C(ansible_winrm_proxy), else none; proxies of the environment are for
        Azure.
    type: str
  winrm_operation_timeout_sec:
    description:
      - Seconds that the host may take for one step before it says that it is not done yet. Otherwise
        C(ansible_winrm_operation_timeout_sec) or C(ansible_winrm_connection_timeout), else 20.
    type: int
  winrm_read_timeout_sec:
    description:
      - Seconds until a host that says nothing counts as unreachable; more than O(winrm_operation_timeout_sec).
        Otherwise C(ansible_winrm_read_timeout_sec), else ten more than that.
    type: int
requirements:
  - pywinrm >= 0.5, < 1, where a host is asked; pywinrm[kerberos] or pywinrm[credssp] for these
notes:
  - A Hyper-V host needs Windows PowerShell 5.1 and Windows Server 2012 R2 or later, and nothing that is installed for
    this.
  - What is said of a host's variables are those of Ansible's connection plugins P(ansible.builtin.winrm#connection) and
    P(ansible.builtin.psrp#connection); none but these are read, and the options here have the last word.
"""
