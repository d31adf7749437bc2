# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets on loopback: ports that stay taken while nobody listens there, and connections that are broken."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

LOOPBACK = "127.0.0.1"
# Closing then resets the connection instead of ending it in order.
_LINGER_NOT = struct.pack("ii", 1, 0)


def bound(number: int) -> socket.socket:
    """A socket that has the port (0: a free one) to itself, where nobody listens yet: connections are refused."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((LOOPBACK, number))
    return made


def reset_on_close(connection: socket.socket) -> None:
    """Let the connection be reset when it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)


def reset(connection: socket.socket) -> None:
    """End a connection that another thread reads from; that thread closes it."""
    # Its client may have closed it meanwhile.
    with suppress(OSError):
        reset_on_close(connection)
        # Not its own method, which takes the encryption off what its thread may yet write.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
