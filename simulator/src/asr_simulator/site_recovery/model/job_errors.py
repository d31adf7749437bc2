# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors that jobs carry, in Azure's words where they were recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

CHECK_PROVIDER = "Check the Provider error for more information."
RESOLVE_AND_RETRY = "Resolve the issue and retry the operation."


@dataclass
class JobError:
    """One error: the service's part, and the provider's when it answered. ``at``, ``task_id``: of the failure."""

    code: str
    message: str
    causes: str
    action: str
    provider_code: int = 0
    provider_message: str | None = None
    provider_causes: str = ""
    provider_action: str = ""
    level: str = "Error"
    at: datetime | None = None
    task_id: str | None = None
    error_id: str = ""

    def raised(self, at: datetime, task_id: str | None) -> None:
        """Note when and in which task it came up."""
        self.at, self.task_id = at, task_id


class JobFailure(Exception):
    """Ends a job as failed."""

    def __init__(self, error: JobError) -> None:
        super().__init__(f"{error.code}: {error.message}")
        self.error = error


def other_operation(name: str, operation: str) -> JobError:
    """532: the item is busy (recording)."""
    return JobError(
        "532",
        "The operation couldn't be completed.",
        f"An operation {name} ({operation}) is in progress.",
        "Either wait for the operation in progress to complete, or cancel it and then retry the operation that "
        "couldn't complete. For details see http://aka.ms/asr-err-inprogress. ",
    )


def renamed(name: str, other: str) -> JobError:
    """28175: the Azure VM has another name than the item says (recording; a warning of a job that succeeds)."""
    message = f"The VM name '{name}' was modified to '{other}' to avoid name conflicts."
    return JobError("28175", message, "", "", level="Warning")


def not_ready_to_commit(name: str) -> JobError:
    """25037: no failback to commit (recording)."""
    message = f"The virtual machine '{name}' isn't ready for committing failback."
    return JobError("25037", message, CHECK_PROVIDER, RESOLVE_AND_RETRY)


def not_ready_to_reprotect(name: str) -> JobError:
    """25038: nothing to reverse yet (recording)."""
    message = f"The virtual machine '{name}' isn't ready for reenabling protection."
    return JobError("25038", message, CHECK_PROVIDER, RESOLVE_AND_RETRY)


def not_replicating(name: str) -> JobError:
    """25017: the item is in no state for a failover (recording)."""
    return JobError(
        "25017",
        "The virtual machine isn't replicating.",
        f"The virtual machine '{name}' is in a critical state, or requires resynchronization.",
        "Resynchronization the virtual machine to fix the state, and retry the operation.",
    )


def provider_silent(host: str) -> JobError:
    """539: the on-premises provider did not answer (the wrapper is recorded; its use here is inferred)."""
    return JobError(
        "539",
        f"The requested action couldn't be performed by the '{host}' Replication Provider.",
        CHECK_PROVIDER,
        RESOLVE_AND_RETRY,
        provider_code=31389,
        provider_message=f"The recovery services provider on '{host}' could not be reached.",
        provider_causes="The server is turned off, or the provider service on it can't connect to Azure.",
        provider_action="Check the server and its connection, and retry the operation.",
    )


def writing_failed(name: str, host: str, reason: str) -> JobError:
    """539: the on-premises disks cannot be written (inferred)."""
    return JobError(
        "539",
        f"The requested action couldn't be performed by the '{host}' Replication Provider.",
        CHECK_PROVIDER,
        RESOLVE_AND_RETRY,
        provider_code=31389,
        provider_message=f"Data synchronization of the virtual machine '{name}' failed on '{host}': {reason}.",
        provider_causes="The virtual hard disks cannot be written.",
        provider_action="Check the virtual hard disks and the volume that holds them, and retry the operation.",
    )


def machine_missing(name: str, host: str) -> JobError:
    """539: the on-premises virtual machine is gone and was not to be created (inferred)."""
    return JobError(
        "539",
        f"The requested action couldn't be performed by the '{host}' Replication Provider.",
        CHECK_PROVIDER,
        RESOLVE_AND_RETRY,
        provider_code=31403,
        provider_message=f"The virtual machine '{name}' could not be found on '{host}'.",
        provider_causes="The virtual machine was deleted or moved to a host that isn't registered in this vault.",
        provider_action="Retry the operation and choose to create the virtual machine if it doesn't exist.",
    )


def azure_refused(what: str) -> JobError:
    """499: Azure did not let the service do its part (a code of the definition's examples; its use is inferred)."""
    return JobError(
        "499",
        "An internal error occurred.",
        f"The operation failed due to an internal error. {what}",
        "Retry the last action. If the issue persists, contact Support.",
    )
