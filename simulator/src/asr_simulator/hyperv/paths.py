# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of files and folders on a host."""

from __future__ import annotations

import re
from collections.abc import Container

# What Windows does not take in the name of a file.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


def file_name(name: str) -> str:
    """The name as a file can have it: what Windows refuses becomes an underscore."""
    return _FORBIDDEN.sub("_", name).rstrip(" .") or "_"


def free_path(folder: str, name: str, suffix: str, taken: Container[str]) -> str:
    """A path in the folder that is not among ``taken`` (in small letters): numbered when it has to be."""
    path, number = f"{folder}\\{name}{suffix}", 1
    while path.lower() in taken:
        number += 1
        path = f"{folder}\\{name}_{number}{suffix}"
    return path
