# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How to reach and sign in to Azure."""

    DOCUMENTATION = r"""
options:
  auth_source:
    description:
      - Where the credential comes from.
      - V(auto), used when neither this nor the environment variable E(ANSIBLE_AZURE_AUTH_SOURCE) is set, takes the
        first whole credential of these options, the environment, C(~/.azure/credentials) and the Azure CLI.
      - V(env) takes the environment only, V(credential_file) only O(profile) of C(~/.azure/credentials), V(cli) the
        sign-in of the Azure CLI, V(msi) the managed identity of the machine that runs the task.
    type: str
    choices:
      - auto
      - cli
      - credential_file
      - env
      - msi
  profile:
    description:
      - Section of C(~/.azure/credentials) to use. Also E(AZURE_PROFILE).
    type: str
  subscription_id:
    description:
      - Subscription of the vault. Also E(AZURE_SUBSCRIPTION_ID).
    type: str
  tenant:
    description:
      - Tenant of the service principal. Also E(AZURE_TENANT) or E(AZURE_TENANT_ID).
    type: str
  client_id:
    description:
      - Client id of the service principal or managed identity. Also E(AZURE_CLIENT_ID).
    type: str
  secret:
    description:
      - Client secret of the service principal. Also E(AZURE_SECRET) or E(AZURE_CLIENT_SECRET).
    type: str
  x509_certificate_path:
    description:
      - Path of a PEM file with the private key and certificate of the service principal. Also
        E(AZURE_X509_CERTIFICATE_PATH) or E(AZURE_CLIENT_CERTIFICATE_PATH).
      - Where neither this nor O(secret) is set, a federated token is used if E(AZURE_FEDERATED_TOKEN_FILE) names one.
    type: path
  ad_user:
    description:
      - Name of a user without multi-factor authentication. Also E(AZURE_AD_USER) or E(AZURE_USERNAME). Prefer a service
        principal.
    type: str
  password:
    description:
      - Password of O(ad_user). Also E(AZURE_PASSWORD).
    type: str
  cloud_environment:
    description:
      - Cloud to talk to, V(AzureCloud) when neither this nor E(AZURE_CLOUD_ENVIRONMENT) is set; V(AzureChinaCloud),
        V(AzureUSGovernment), or the https URL of a metadata endpoint, as for Azure Stack and for the simulator.
    type: str
  adfs_authority_url:
    description:
      - Authority to sign in at, in place of the cloud's own. Also E(AZURE_ADFS_AUTHORITY_URL) or
        E(AZURE_AUTHORITY_HOST).
    type: str
  cert_validation_mode:
    description:
      - Whether the certificates of Azure are verified; they are unless this or E(AZURE_CERT_VALIDATION_MODE) says
        V(ignore). Rather than that, add a private authority to E(REQUESTS_CA_BUNDLE).
    type: str
    choices:
      - ignore
      - validate
  disable_instance_discovery:
    description:
      - Do not ask Microsoft whether the authority is one of its own, which private clouds are not. Also
        E(AZURE_DISABLE_INSTANCE_DISCOVERY).
    type: bool
requirements:
  - azure-identity >= 1.20, < 2
  - azure-mgmt-recoveryservicessiterecovery >= 2.0, < 3
  - azure-mgmt-compute >= 33, < 40
notes:
  - The options are those of the collection azure.azcollection, and so are their environment variables.
  - The task runs in the controller's own process, so it needs no delegation to C(localhost), and the libraries are
    needed by the Python of Ansible itself. Delegated to another machine, it runs as an ordinary module there.
  - C(environment) of the task applies, also for proxies and for the Azure CLI.
  - C(async) needs C(delegate_to=localhost), because it runs the task as an ordinary module. A task with C(wait=false)
    and a later one that waits do the same without it.
"""
