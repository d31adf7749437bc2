# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each state that Azure compute, Hyper-V, a failover cluster or VMM gives says of a machine's power.

The only table of them. What is not in it says nothing. The words are those of Hyper-V's VMState, of the clusters'
ClusterGroupState and ClusterResourceState, and of VMM's VMComputerSystemState. Half of VMM's speak of its record or of
the last task, which says nothing of the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

_CRITICAL = "Critical"


class Power(str, Enum):
    """What a state says."""

    ON = "on"
    OFF = "off"
    IN_BETWEEN = "in between"
    SAYS_NOTHING = "says nothing"


class Side(str, Enum):
    """Who says it."""

    AZURE = "Azure compute"
    HYPER_V = "Hyper-V"
    CLUSTER = "failover cluster"
    VMM = "VMM"


@dataclass(frozen=True)
class State:
    """One state. C(keeps_memory): it does not run, but a start goes on from the saved memory, over whatever was written
    to the disks since. C(goes_off): it ends in being off. C(is_unheard): who says it does not hear the machine's host.
    """

    word: str
    side: Side | None
    power: Power
    keeps_memory: bool = False
    goes_off: bool = False
    is_unheard: bool = False

    @property
    def is_critical(self) -> bool:
        """Whether it is Hyper-V's word for a state whose storage is away."""
        return self.word.endswith(_CRITICAL)


def _states(side: Side, power: Power, words: str, *, keeps_memory: bool = False, goes_off: bool = False) -> list[State]:
    return [State(word, side, power, keeps_memory, goes_off) for word in words.split()]


# Of these Hyper-V has a second form, for a machine whose storage is away; of its own shutdowns it has none.
_HYPER_V = (
    *_states(Side.HYPER_V, Power.ON, "Running"),
    *_states(Side.HYPER_V, Power.OFF, "Off"),
    *_states(Side.HYPER_V, Power.IN_BETWEEN, "Stopping", goes_off=True),
    *_states(Side.HYPER_V, Power.IN_BETWEEN, "Saved FastSaved", keeps_memory=True),
    *_states(Side.HYPER_V, Power.IN_BETWEEN, "Paused Starting Reset Saving Pausing Resuming FastSaving"),
)


def _of_hyper_v() -> Iterator[State]:
    yield from _HYPER_V
    for state in _HYPER_V:
        yield State(state.word + _CRITICAL, state.side, state.power, state.keeps_memory)
    yield from _states(Side.HYPER_V, Power.IN_BETWEEN, "ForceShutdown", goes_off=True)
    yield from _states(Side.HYPER_V, Power.IN_BETWEEN, "ForceReboot")
    yield from _states(Side.HYPER_V, Power.SAYS_NOTHING, "Other")


STATES: tuple[State, ...] = (
    *_states(Side.AZURE, Power.ON, "running"),
    *_states(Side.AZURE, Power.OFF, "stopped deallocated"),
    *_states(Side.AZURE, Power.IN_BETWEEN, "starting"),
    *_states(Side.AZURE, Power.IN_BETWEEN, "stopping deallocating", goes_off=True),
    *_states(Side.AZURE, Power.SAYS_NOTHING, "unknown"),
    *_of_hyper_v(),
    # A resource that is offline is a machine that was saved or turned off: which of both, it does not tell.
    *_states(Side.CLUSTER, Power.ON, "Online"),
    *_states(Side.CLUSTER, Power.IN_BETWEEN, "Pending OnlinePending OfflinePending"),
    *_states(Side.CLUSTER, Power.SAYS_NOTHING, "Offline PartialOnline Failed Inherited Initializing Unknown"),
    *_states(Side.VMM, Power.ON, "Running"),
    *_states(Side.VMM, Power.OFF, "PowerOff Stopped Stored"),
    *_states(Side.VMM, Power.IN_BETWEEN, "PoweringOff Stopping", goes_off=True),
    *_states(Side.VMM, Power.IN_BETWEEN, "Saved", keeps_memory=True),
    *_states(Side.VMM, Power.IN_BETWEEN, "Paused Starting Saving Pausing Restoring Resuming"),
    State("HostNotResponding", Side.VMM, Power.SAYS_NOTHING, is_unheard=True),
    *_states(
        Side.VMM,
        Power.SAYS_NOTHING,
        "Missing Unsupported UnsupportedCluster UnsupportedSharedFiles IncompleteVMConfig "
        "MissingSharedStorage DbOnly UnderCreation CreationFailed UnderTemplateCreation TemplateCreationFailed "
        "CustomizationFailed UnderUpdate UpdateFailed UnderReplacement ReplacementFailed UnderMigration "
        "MigrationFailed CreatingCheckpoint DeletingCheckpoint RecoveringCheckpoint InitializingCheckpointOperation "
        "FinishingCheckpointOperation CheckpointFailed P2VCreationFailed V2VCreationFailed DiscardSavedState "
        "DiscardingDrives MergingDrives Deleting",
    ),
)
# The state of a resource that its cluster leaves alone: it starts what is in any other.
LEFT_ALONE = "Offline"
# Those in which a host's machine is off.
OFF_ON_HOSTS = tuple(state.word for state in STATES if state.side is Side.HYPER_V and state.power is Power.OFF)
# In which a machine stays until somebody does something with it.
AT_REST = frozenset({"Off", "Running", "Saved", "Paused"})
_BY_WORD = {state.word.lower(): state for state in reversed(STATES)}


@lru_cache(maxsize=256)
def state_of(word: str) -> State:
    """Return what the table says of a state, in any case: of one that it does not have, that it says nothing."""
    return _BY_WORD.get(word.lower()) or State(word, None, Power.SAYS_NOTHING)


def is_off(word: str) -> bool:
    """Whether a state says that the machine is off: a start boots what is on its disks."""
    return state_of(word).power is Power.OFF


def is_running(word: str) -> bool:
    """Whether a state says that the machine runs and serves: not where its storage is away."""
    state = state_of(word)
    return state.power is Power.ON and not state.is_critical


def is_up(word: str) -> bool:
    """Whether a state says that the machine runs, or is about to, or has stopped on the way."""
    state = state_of(word)
    return state.power in (Power.ON, Power.IN_BETWEEN) and not state.keeps_memory


def says_power(word: str) -> bool:
    """Whether a state says anything of the machine's power."""
    return state_of(word).power is not Power.SAYS_NOTHING


def is_going_off(word: str) -> bool:
    """Whether a state says that the machine will be off without being asked again."""
    return state_of(word).goes_off
