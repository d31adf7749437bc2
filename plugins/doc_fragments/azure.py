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
      - V(auto), the default unless E(ANSIBLE_AZURE_AUTH_SOURCE) is set, uses the first complete credential found in
        these options, the environment, C(~/.azure/credentials) and the Azure CLI; with O(profile), that section of
        C(~/.azure/credentials) and nothing else.
      - V(env) uses only the environment, V(credential_file) only the O(profile) section of C(~/.azure/credentials),
        V(cli) the sign-in of the Azure CLI, V(msi) the managed identity of the machine that runs the task.
    type: str
    choices:
      - auto
      - cli
      - credential_file
      - env
      - msi
  profile:
    description:
      - Section of C(~/.azure/credentials) to use. As an option, it takes precedence over every other credential, also
        over one in these options.
      - Can also be set with E(AZURE_PROFILE), which takes precedence over the environment only.
    type: str
  subscription_id:
    description:
      - Subscription of the vault. Can also be set with E(AZURE_SUBSCRIPTION_ID).
    type: str
  tenant:
    description:
      - Tenant of the service principal. Can also be set with E(AZURE_TENANT) or E(AZURE_TENANT_ID).
    type: str
  client_id:
    description:
      - Client id of the service principal or managed identity. Can also be set with E(AZURE_CLIENT_ID).
    type: str
  secret:
    description:
      - Client secret of the service principal. Can also be set with E(AZURE_SECRET) or E(AZURE_CLIENT_SECRET).
    type: str
  x509_certificate_path:
    description:
      - Path of a PEM file with the private key and certificate of the service principal. Can also be set with
        E(AZURE_X509_CERTIFICATE_PATH) or E(AZURE_CLIENT_CERTIFICATE_PATH).
      - If neither this nor O(secret) is set, a federated token is used if E(AZURE_FEDERATED_TOKEN_FILE) names its file.
    type: path
  ad_user:
    description:
      - Name of a user without multi-factor authentication. Can also be set with E(AZURE_AD_USER) or E(AZURE_USERNAME).
        Prefer a service principal.
    type: str
  password:
    description:
      - Password of O(ad_user). Can also be set with E(AZURE_PASSWORD).
    type: str
  cloud_environment:
    description:
      - Cloud to connect to, one of V(AzureCloud), V(AzureChinaCloud) and V(AzureUSGovernment), or the HTTPS URL of a
        metadata endpoint, for example of Azure Stack or the simulator. Can also be set with E(AZURE_CLOUD_ENVIRONMENT);
        if neither is set, V(AzureCloud).
    type: str
  adfs_authority_url:
    description:
      - Sign-in authority to use instead of the cloud's own. Can also be set with E(AZURE_ADFS_AUTHORITY_URL) or
        E(AZURE_AUTHORITY_HOST).
    type: str
  cert_validation_mode:
    description:
      - Whether Azure's certificates are verified. They are unless this or E(AZURE_CERT_VALIDATION_MODE) is V(ignore).
        To trust a private certificate authority, add it to E(REQUESTS_CA_BUNDLE) instead.
    type: str
    choices:
      - ignore
      - validate
  disable_instance_discovery:
    description:
      - Do not check with Microsoft whether the authority is one of its own. Required for private clouds, whose
        authorities are not. Can also be set with E(AZURE_DISABLE_INSTANCE_DISCOVERY).
    type: bool
  recording:
    description:
      - File to which every exchange with Azure is added, a line of JSON each, to look through and to share, for example
        when something went wrong. Nothing is recorded unless this or E(ASR_FAILBACK_RECORDING) is set.
      - Names, ids, addresses and texts that are yours are replaced, each by the same replacement everywhere. Of the
        sign-in only that there was one is written, and no token, secret or certificate.
      - What the replacements stand for is in a second file with the suffix C(.names), without which nothing can be
        added to the first. Do not share it.
      - Only the user that the task runs as may read the two files. Give an absolute path.
    type: path
requirements:
  - azure-identity >= 1.20, < 2
  - azure-mgmt-recoveryservicessiterecovery >= 2.0, < 3
  - azure-mgmt-compute >= 33, < 40
notes:
  - The options are named as in the collection azure.azcollection, and the environment variables named here work.
"""

    # Of modules, which run as tasks.
    TASKS = r"""
options: {}
notes:
  - The task runs in the controller's own process, so it needs no delegation to C(localhost), and the Python that runs
    Ansible needs the required libraries. Delegated to another machine, it runs there as an ordinary module.
  - The C(environment) of the task applies, also to proxies and the Azure CLI.
  - C(async) needs C(delegate_to=localhost), because the task then runs as an ordinary module. A task with C(wait=false)
    and a later one that waits achieve the same without it.
"""
