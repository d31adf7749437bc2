# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What threads share of the Azure SDKs."""

from __future__ import annotations

import subprocess
import sys

# A class of the SDK is worked out once in a process, so each try needs another one.
MADE_BY_MANY_THREADS = """
import sys, threading

sys.path[:] = sys.argv[1:]
from ansible_collections.asr.failback.plugins.module_utils.azure.sdk import models
from azure.mgmt.recoveryservicessiterecovery import models as listed

sys.setswitchinterval(1e-6)
failures = []


def make(name, together):
    together.wait()
    try:
        getattr(models, name)()
    except RuntimeError as problem:
        failures.append(f"{name}: {problem}")


for name in [name for name in dir(listed) if name.endswith("Input")]:
    together = threading.Barrier(16)
    threads = [threading.Thread(target=make, args=(name, together)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(failures)
"""


def test_threads_that_make_the_first_body_of_a_kind_do_not_break_each_other() -> None:
    command = [sys.executable, "-c", MADE_BY_MANY_THREADS, *sys.path]
    made = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (made.stdout.strip(), made.stderr) == ("[]", "")
