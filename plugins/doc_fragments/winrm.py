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
      - User to sign in as, C(DOMAIN\user), C(user@domain) or a local user. It must be allowed to administer Hyper-V on
        the host.
      - Defaults to the inventory host's C(ansible_winrm_user), C(ansible_psrp_user) or C(ansible_user).
    type: str
  winrm_password:
    description:
      - Password of O(winrm_user). Defaults to the inventory host's C(ansible_winrm_password) or C(ansible_password).
    type: str
  winrm_transport:
    description:
      - Authentication methods, tried in this order until the host accepts one.
      - Defaults to C(ansible_winrm_transport) or C(ansible_psrp_auth). Without these, to V(ntlm) if there is a
        password, else to V(certificate) if there is a certificate, else to V(kerberos) with a ticket that the user
        already has.
      - V(basic) and V(certificate) need V(https), as they do not encrypt messages themselves.
      - V(kerberos) with a password gets a ticket of its own with the command C(kinit).
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
      - V(https), or V(http) with encrypted messages. Defaults to C(ansible_winrm_scheme) or C(ansible_psrp_protocol),
        else to V(https) unless the port is 5985.
    type: str
    choices:
      - http
      - https
  winrm_port:
    description:
      - WinRM port. Defaults to the inventory host's C(ansible_winrm_port), C(ansible_psrp_port) or C(ansible_port),
        else to 5986, or to 5985 with V(http). C(ansible_port) does not count if C(ansible_connection) is another one,
        such as C(ssh).
    type: int
  winrm_path:
    description:
      - WinRM path. Defaults to C(ansible_winrm_path), else to C(/wsman).
    type: str
  winrm_server_cert_validation:
    description:
      - Whether the host's certificate is verified. Defaults to C(ansible_winrm_server_cert_validation) or
        C(ansible_psrp_cert_validation), else to V(validate).
    type: str
    choices:
      - ignore
      - validate
  winrm_ca_trust_path:
    description:
      - File with the certificate authorities to trust for the host's certificate. Defaults to
        C(ansible_winrm_ca_trust_path) or C(ansible_psrp_ca_cert), else to the file in E(REQUESTS_CA_BUNDLE),
        E(CURL_CA_BUNDLE) or E(SSL_CERT_FILE), else to those that the Python library requests trusts.
    type: path
  winrm_cert_pem:
    description:
      - Certificate to sign in with, for V(certificate). Defaults to C(ansible_winrm_cert_pem) or
        C(ansible_psrp_certificate_pem).
    type: path
  winrm_cert_key_pem:
    description:
      - Private key of O(winrm_cert_pem). Defaults to C(ansible_winrm_cert_key_pem) or
        C(ansible_psrp_certificate_key_pem).
    type: path
  winrm_kerberos_delegation:
    description:
      - Whether the host may act as the user on other machines. Defaults to C(ansible_winrm_kerberos_delegation), else
        to V(false).
    type: bool
  winrm_kerberos_hostname_override:
    description:
      - Name of the host in Kerberos if it differs from its address. Defaults to
        C(ansible_winrm_kerberos_hostname_override).
    type: str
  winrm_message_encryption:
    description:
      - Whether messages are encrypted in addition to TLS. With V(http) they always are. Defaults to
        C(ansible_winrm_message_encryption), else to V(auto).
    type: str
    choices:
      - always
      - auto
      - never
  winrm_proxy:
    description:
      - URL of a proxy for the host. Defaults to C(ansible_winrm_proxy), else to none; proxies set in the environment
        are for Azure only.
    type: str
  winrm_operation_timeout_sec:
    description:
      - Seconds that the host may take for one step before it reports that it is not done yet. Defaults to
        C(ansible_winrm_operation_timeout_sec) or C(ansible_winrm_connection_timeout), else to 20.
    type: int
  winrm_read_timeout_sec:
    description:
      - Seconds without a response after which a host counts as unreachable; more than O(winrm_operation_timeout_sec).
        Defaults to C(ansible_winrm_read_timeout_sec), else to O(winrm_operation_timeout_sec) plus ten.
    type: int
requirements:
  - pywinrm >= 0.5, < 1, if a host is queried; pywinrm[kerberos] or pywinrm[credssp] for these transports
notes:
  - A Hyper-V host needs Windows PowerShell 5.1 and Windows Server 2012 R2 or later. Nothing is installed on it.
  - The host variables are those of Ansible's connection plugins P(ansible.builtin.winrm#connection) and
    P(ansible.builtin.psrp#connection), as far as they are named here, and C(ansible_winrm_service),
    C(ansible_winrm_kinit_cmd) and C(ansible_winrm_send_cbt). The options here take precedence.
"""
