# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The api-versions that Site Recovery knows: the stable ones of its published definitions."""

from __future__ import annotations

FIRST = "2016-08-10"
# The properties of bodies are those of this version's recordings, whatever version is asked for. Older ones have partly
# others, or spell them otherwise (recordings of 2015 to 2021).
BODIES = "2022-08-01"
API_VERSIONS = frozenset(
    {
        FIRST,
        *("2018-01-10", "2018-07-10"),
        *(
            "2021-02-10",
            "2021-03-01",
            "2021-04-01",
            "2021-06-01",
            "2021-07-01",
            "2021-08-01",
            "2021-10-01",
            "2021-11-01",
        ),
        *(
            "2021-12-01",
            "2022-01-01",
            "2022-02-01",
            "2022-03-01",
            "2022-04-01",
            "2022-05-01",
            "2022-08-01",
            "2022-09-10",
        ),
        *("2022-10-01", "2023-01-01", "2023-02-01", "2023-04-01", "2023-06-01", "2023-08-01"),
        *(
            "2024-01-01",
            "2024-02-01",
            "2024-04-01",
            "2024-10-01",
            "2025-01-01",
            "2025-02-01",
            "2025-08-01",
            "2026-05-01",
        ),
    }
)
