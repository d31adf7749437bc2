# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an execution environment is made of, by ansible-builder's own word."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml
from support.playbook_runner import COLLECTIONS

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "extensions" / "execution-environment" / "execution-environment.yml"


def builder(*arguments: str) -> str:
    done = subprocess.run(["ansible-builder", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_definition_makes_a_build_context(tmp_path: Path) -> None:
    builder("create", "-f", str(DEFINITION), "-c", str(tmp_path), "--output-filename", "Containerfile")
    assert (tmp_path / "Containerfile").exists()
    asked = yaml.safe_load((tmp_path / "_build" / "requirements.yml").read_text())
    assert [one["name"] for one in asked["collections"]] == ["asr.failback", "azure.azcollection"]


def test_the_collection_names_its_python_and_system_packages() -> None:
    found = yaml.safe_load(builder("introspect", str(COLLECTIONS)).partition("---")[2])
    assert any(line.startswith("azure-mgmt-recoveryservicessiterecovery") for line in found["python"])
    assert any(line.startswith("krb5-workstation") for line in found["system"])
    assert any(line.startswith("openssh-clients") for line in found["system"])
