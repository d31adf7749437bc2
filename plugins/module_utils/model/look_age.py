# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How old a look may be when the write that rests on it reaches the wire. Seconds throughout."""

from __future__ import annotations

from enum import Enum

# For one VM, whatever is asked about it.
ONE_VM = 30
# A plan is read VM by VM, and its hosts are asked.
EACH_HOST_OF_A_PLAN = 10
EACH_VM_OF_A_PLAN = 2
# Hosts that are not a VM's own may share an answer among the VMs of a run. It leaves time for the rest of the look.
SHARED_ANSWER = 10
# The time of one look, in which a VM, its job, its locks and its disks are read one after the other. What a step has
# led to and what the next one rests on are often one look.
OWN_ANSWER = 5


class Age(Enum):
    """Which answers count for a look at a VM and its job: C(NOW) those of this look; C(OWN) those of the last
    C(OWN_ANSWER) seconds that were read singly, on which a write may rest; C(SEEN) what lists showed, too."""

    NOW = "now"
    OWN = "own"
    SEEN = "seen"


def longest_age(vms: int, hosts: int) -> float:
    """Return the age that a look at so many VMs may have, for which so many hosts were asked."""
    if vms <= 1:
        return ONE_VM
    return ONE_VM + EACH_HOST_OF_A_PLAN * hosts + EACH_VM_OF_A_PLAN * vms
