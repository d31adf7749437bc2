# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts whose every answer a test writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
from support.web import Web
from support.winrm_host import Host


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs the certificates of the hosts."""
    return trustme.CA()


@pytest.fixture
def host(authority: trustme.CA, tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Starts hosts: `host(answer, ...)`; the last answer is given again and again."""
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with ExitStack() as running:
        yield lambda *answers, **parts: Host(running.enter_context(Web(authority, answers)), str(bundle), **parts)
