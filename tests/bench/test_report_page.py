# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the page of a large run takes: to make, and to open."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import pytest
from support.browser import BROWSER, title_of
from support.run_records import made_record

from ansible_collections.asr.failback.plugins.module_utils.model.report_facts import facts_of
from ansible_collections.asr.failback.plugins.plugin_utils.report_forms import as_page

FRAME = """<!DOCTYPE html><title>pending</title><script>
const began = performance.now(), frame = document.createElement("iframe");
frame.style.cssText = "width:1280px;height:900px";
frame.onload = () => { frame.contentDocument.body.offsetHeight;
  document.title = JSON.stringify(performance.now() - began); };
frame.src = "report.html";
document.documentElement.append(frame);
</script>"""


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed: the page is not opened")
@pytest.mark.parametrize("vms", [100, 1000])
def test_the_page_of_a_run(vms: int, tmp_path: Path) -> None:
    record = made_record(*({"host": f"vm{number:04}"} for number in range(vms)))
    digest = hashlib.sha256(json.dumps(record).encode()).hexdigest()
    began = time.perf_counter()
    page = as_page(facts_of(record, digest))
    made = time.perf_counter() - began
    (tmp_path / "report.html").write_text(page)
    opened, complaints = title_of(FRAME, tmp_path)
    assert complaints == []
    print(f"\n{vms} VMs: page of {len(page) / 1e6:.1f} MB, made in {made:.2f} s, opened in {opened / 1000:.2f} s")
