# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """When a cut-over may happen."""

    DOCUMENTATION = r"""
options:
  window:
    description:
      - When a request that shuts down the running VM may be sent, by Azure's clock at the moment of the request. What
        was sent earlier continues regardless of the window.
      - Either two times of day, between which it is open every day, or date-times. Quote them, as YAML reads some times
        as numbers.
      - Outside the window nothing is sent, and the task does not fail. It returns RV(waiting_for_window) and
        RV(window).
    type: dict
    suboptions:
      not_before:
        description:
          - When it opens. A date-time in ISO 8601, such as V(2026-01-31T22:00) or V(2026-01-31T22:00+01:00), or a time
            of day, such as V(22:00).
          - A window of date-times may omit one of the two ends.
        type: str
      not_after:
        description:
          - When it closes, in the same form. A time of day that is earlier than O(window.not_before) is on the next
            day.
        type: str
      time_zone:
        description:
          - IANA name of the time zone for times without an offset, such as V(Europe/Amsterdam). Daylight saving time
            applies. A time that the clock skips counts as the moment of the jump, a time that occurs twice as the first
            of the two.
        type: str
        default: UTC
"""
