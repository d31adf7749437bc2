# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Checks of a VM that came back."""

    DOCUMENTATION = r"""
options:
  probes:
    description:
      - Additional checks that must succeed.
      - With O(replicated_items), a probe with O(probes[].vm), O(probes[].host) or O(probes[].url) belongs in the entry
        of its VM. Only one without them can be set for all.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the probe in the results.
        type: str
        required: true
      type:
        description: V(tcp) connects to a port, V(http) requests a page, V(winrm) and V(ssh) run a command in the VM.
        type: str
        required: true
        choices:
          - http
          - ssh
          - tcp
          - winrm
      vm:
        description: The VM of a recovery plan that the probe is for; all VMs if not set. In a plan, a probe with
          O(probes[].host) or O(probes[].url) needs it, as a response from one address proves nothing about the other
          VMs. If several VMs of the plan share a name, use the id of the replicated item.
        type: str
      host:
        description: Name or address to probe. If not set, the first address of the guest that its Hyper-V host reports.
        type: str
      timeout:
        description: Seconds that one attempt may take.
        type: int
        default: 10
      port:
        description: Port to connect to. Required for V(tcp); for the others, their usual port if not set.
        type: int
      url:
        description:
          - For V(http), the full URL, instead of O(probes[].host), O(probes[].scheme), O(probes[].port) and
            O(probes[].path). Its name should resolve to the on-premises VM, not to the Azure VM.
        type: str
      scheme:
        description: Scheme of the address; if not set, V(http) for probes of type V(http) and V(https) for V(winrm).
        type: str
        choices:
          - http
          - https
      path:
        description: For V(http), the path; V(/) if not set.
        type: str
      status:
        description: For V(http), the accepted status codes; 200 to 399 if not set. Redirects are not followed.
        type: list
        elements: int
      contains:
        description: Text that the page or the output of the command must contain.
        type: str
      validate_certs:
        description: For V(http) and V(winrm), whether to verify the certificate; it is verified if this is not set.
        type: bool
      ca_path:
        description: For V(http) and V(winrm), file with the certificates to trust; those of the system if not set.
        type: path
      command:
        description:
          - For V(ssh), a command for the guest's shell. For V(winrm), PowerShell, in which any error ends the command
            and fails the probe.
          - It should change nothing, as it may run many times. V(winrm) needs Windows PowerShell 3.0 or newer in the
            VM.
        type: str
      exit_code:
        description: For V(ssh) and V(winrm), the expected exit code; 0 if not set. For PowerShell it is the code given
          to C(exit), else that of the last program that it ran.
        type: int
      transport:
        description: For V(winrm), the authentication methods, tried in this order; V(ntlm) if not set.
        type: list
        elements: str
        choices:
          - basic
          - credssp
          - kerberos
          - ntlm
      user:
        description: User to sign in as. V(http) uses basic authentication.
        type: str
      password:
        description:
          - For V(http) and V(winrm), the password. V(ssh) signs in with O(probes[].private_key) or an agent.
          - A rejected password is tried at most twice in half an hour of a run, whatever the number of VMs, so that its
            account does not get locked. Once a VM or a Hyper-V host has accepted it, at most twice per VM. That a page
            was returned does not count as accepting it.
        type: str
      private_key:
        description: For V(ssh), file with the private key, which must have no passphrase unless an agent holds it.
        type: path
      known_hosts:
        description: For V(ssh), file with the known host keys, instead of the user's own. The guest's key must be
          known.
        type: path
"""
