# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Windows hosts as WinRM shows them: the WS-Management shell protocol (MS-WSMV) over HTTPS, one port for each host.

`server` has the ports, `connection` the HTTP, `authentication` who may ask, `exchange` the way of a request,
`operations` the XML, `shells` and `commands` the rules, `world` what all of them need of the simulated world. What a
command does on a host is a `Runner`'s affair.
"""

from __future__ import annotations

from asr_simulator.wsman.hosts import Completed, RemoteHost, Runner
from asr_simulator.wsman.server import WsmanServer
from asr_simulator.wsman.shells import Shells

__all__ = ["Completed", "RemoteHost", "Runner", "Shells", "WsmanServer"]
