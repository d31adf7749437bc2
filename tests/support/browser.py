# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium, where it is installed, for pages on loopback."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_HEADLESS = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr")
_SECONDS = 120
# Measures report.html in frames of several widths, and says in its title by how much it is too wide, and how many
# articles it has.
FRAMES = """<!DOCTYPE html><title>pending</title><script>
const widths = [1280, 390];
const told = widths.map(width => new Promise(done => {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:900px;border:0`;
  frame.onload = () => {
    const page = frame.contentDocument.documentElement;
    done([width, page.scrollWidth - page.clientWidth, frame.contentDocument.querySelectorAll("article").length]);
  };
  frame.src = "report.html";
  document.documentElement.append(frame);
}));
Promise.all(told).then(all => { document.title = JSON.stringify(all); });
</script>"""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def title_of(page: str, folder: Path) -> tuple[Any, list[str]]:
    """Return the JSON that a page's scripts leave in its title, and what it writes to the console."""
    (folder / "page.html").write_text(page)
    options = [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=60000", "--dump-dom"]
    with _served(folder) as url:
        shown = subprocess.run(
            [str(BROWSER), *_HEADLESS, *options, f"{url}/page.html"],
            env={**os.environ, "HOME": str(folder)},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    (title,) = re.findall(r"<title>(.*?)</title>", shown.stdout)
    return json.loads(title), [line for line in shown.stderr.splitlines() if "CONSOLE" in line]
