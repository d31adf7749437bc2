# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest numbers that mean something to an operating system."""

from __future__ import annotations

# No operating system waits longer for a socket at once: 31 bits of milliseconds, in seconds.
MOST_SECONDS = 2_000_000
LAST_PORT = 65535
