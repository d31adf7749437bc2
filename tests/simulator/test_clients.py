# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of unchanged clients to the simulator: what `env.sh` says is enough for them.

The clients themselves (Azure CLI, azure.azcollection) run in `tests/clients`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SDK = """
import json, os
from azure.identity import EnvironmentCredential
from azure.mgmt.compute import ComputeManagementClient
manager = os.environ["AZURE_CLOUD_ENVIRONMENT"]
credential = EnvironmentCredential(disable_instance_discovery=True)
scopes = [manager + "/.default"]
client = ComputeManagementClient(credential, os.environ["AZURE_SUBSCRIPTION_ID"], manager, credential_scopes=scopes)
print(json.dumps([machine.name for machine in client.virtual_machines.list_all()]))
"""
# As azure.azcollection finds a cloud by its address, and as the Azure CLI registers one.
METADATA = """
import json, os, urllib.request
def read(url):
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)
manager = os.environ["AZURE_CLOUD_ENVIRONMENT"]
(cloud,) = [one for one in read(os.environ["ARM_CLOUD_METADATA_URL"]) if one["resourceManager"] == manager]
same = read(manager + "/metadata/endpoints?api-version=2022-09-01")
login, audience = same["authentication"]["loginEndpoint"], same["authentication"]["audiences"][0]
print(json.dumps([cloud["authentication"]["loginEndpoint"], login, audience, same["suffixes"]]))
"""
FABRIC = {"name": "site", "type": "HyperVSite", "hosts": [{"name": "hv01"}]}
ITEM = {"name": "web01", "host": "hv01", "stage": "failed_over"}


@pytest.fixture(scope="module")
def simulator(simulate):
    principals = [{"name": "operator", "roles": ["Reader"]}]
    return simulate({"name": "clients", "principals": principals, "fabrics": [FABRIC], "items": [ITEM]})


@pytest.fixture(scope="module")
def environment(simulator):
    script = f". '{simulator.state_dir}/env.sh'; env -0"
    clean = {"PATH": os.environ["PATH"]}
    shown = subprocess.run(["sh", "-c", script], env=clean, capture_output=True, text=True, check=True).stdout
    return dict(line.partition("=")[::2] for line in shown.split("\0") if line)


def run(program, environment):
    finished = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=50
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_the_sdk_reads_what_it_needs_from_the_environment(environment):
    assert run(SDK, environment) == ["web01"]


def test_a_cloud_is_found_by_its_address_with_the_standard_library(simulator, environment):
    manager, authority = simulator.connection["resource_manager"], simulator.connection["authority"]
    assert run(METADATA, environment) == [authority, authority, manager, {}]


def test_no_secret_is_readable_by_others(simulator):
    modes = {path.name: path.stat().st_mode & 0o777 for path in simulator.state_dir.iterdir()}
    assert modes["connection.json"] == modes["env.sh"] == 0o600
