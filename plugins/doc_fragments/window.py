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
      - When a request may be sent that shuts the running VM down, judged by Azure's clock at the moment of the request.
        What was sent before goes on whatever the window.
      - Either two times of day, between which it is open every day, or date-times. Put them between quotes, as YAML
        takes some times for numbers.
      - Outside of it nothing is sent and nothing fails. The task returns RV(waiting_for_window) and RV(window).
    type: dict
    suboptions:
      not_before:
        description:
          - When it opens. A date-time in ISO 8601, such as V(2026-01-31T22:00) or V(2026-01-31T22:00+01:00), or a time
            of day, such as V(22:00).
          - A window of date-times may leave out one of the two ends.
        type: str
      not_after:
        description:
          - When it closes, in the same form. A time of day that is earlier than O(window.not_before) is of the next
            day.
        type: str
      time_zone:
        description:
          - Time zone of times without an offset of their own, by its IANA name, such as V(Europe/Amsterdam). Its
            summer time is followed. A time that the clock skips stands for the moment of the jump, a time that comes
            twice for the first of the two.
        type: str
        default: UTC
"""
