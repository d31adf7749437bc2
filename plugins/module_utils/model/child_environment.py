# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another program is told of the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping

# How somebody signs in to Azure, and whatever else is called a secret.
_OF_AZURE = re.compile(r"^(?:AZURE|ARM|IDENTITY|MSI)_", re.IGNORECASE)
_PRIVATE = re.compile(rf"{_OF_AZURE.pattern}|SECRET|PASSWORD|TOKEN", re.IGNORECASE)


def for_other_programs(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for a program that has nothing to do with Azure: whoever has its account can read it,
    and it goes to whatever that program starts."""
    return {name: value for name, value in environ.items() if not _PRIVATE.search(name)}


def for_signing(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for the user's own program that signs, which may need a password of its own."""
    return {name: value for name, value in environ.items() if not _OF_AZURE.search(name)}
