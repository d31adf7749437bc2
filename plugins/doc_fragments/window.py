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
      - Either two times of day, between which it is open every day, or date-times, or a recurrence rule. Quote them, as
        YAML reads some times as numbers, and dates as something else than text.
      - Each of them may have O(window.freeze). With nothing else, the window is open on all other days.
      - Outside the window nothing is sent, and the task does not fail. It returns C(waiting_for_window) and
        C(window).
    type: dict
    suboptions:
      not_before:
        description:
          - When it opens. A date-time in ISO 8601, such as V(2026-01-31T22:00) or V(2026-01-31T22:00+01:00), or a time
            of day, such as V(22:00).
          - A window of date-times may omit one of the two ends.
          - With O(window.rule), the date-time that the rule counts from, its C(DTSTART). It does not open earlier.
        type: str
      not_after:
        description:
          - When it closes, in the same form. A time of day that is earlier than O(window.not_before) is on the next
            day.
          - Not with O(window.rule), which ends by its own C(UNTIL) or C(COUNT).
        type: str
      rule:
        description:
          - When it opens, as a recurrence rule of RFC 5545, section 3.3.10, such as V(FREQ=WEEKLY;BYDAY=SA;BYHOUR=22)
            or V(FREQ=MONTHLY;BYDAY=2SA;BYHOUR=20;BYMINUTE=30). Its times are those of O(window.time_zone).
          - C(FREQ) is V(YEARLY), V(MONTHLY), V(WEEKLY) or V(DAILY). C(INTERVAL), C(COUNT), and a rule without C(BYHOUR)
            or without a day, need O(window.not_before).
          - Needs O(window.duration).
        type: str
      duration:
        description:
          - How long it stays open each time that O(window.rule) opens it, as a duration of RFC 5545, section 3.3.6,
            such as V(PT6H), V(PT90M) or V(P1D); at most 31 days.
          - Hours, minutes and seconds are elapsed time, also in the night in which the clock is changed. Days end at
            the same time of day.
        type: str
      freeze:
        description:
          - Days on which nothing is cut over, each a date, such as V(2026-12-24), or the first and the last day of a
            range, such as V(2026-12-24/2027-01-02).
          - They last from midnight to midnight in O(window.time_zone). A window that is open then closes at midnight.
        type: list
        elements: str
      time_zone:
        description:
          - IANA name of the time zone for times without an offset, such as V(Europe/Amsterdam). Daylight saving time
            applies. A time that the clock skips counts as the moment of the jump, a time that occurs twice as the first
            of the two.
        type: str
        default: UTC
requirements:
  - python-dateutil >= 2.8.2, < 5, for O(window.rule)
"""
