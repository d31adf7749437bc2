# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cmdlets refuse, in the words of the real ones."""

from __future__ import annotations

from powershell_subset import CommandError

VIRTUALIZATION = "Microsoft.HyperV.PowerShell.VirtualizationException"
BINDING = "System.Management.Automation.ParameterBindingException"
CIM = "Microsoft.Management.Infrastructure.CimException"


def no_machine(what: str, value: str) -> CommandError:
    """No virtual machine has that name, or that id."""
    message = f'Hyper-V was unable to find a virtual machine with {what} "{value}".'
    return invalid_parameter(message, value)


def no_switch(what: str, value: str) -> CommandError:
    """No virtual switch has that name, or that id."""
    return invalid_parameter(f'Hyper-V was unable to find a virtual switch with {what} "{value}".', value)


def invalid_parameter(message: str, target: object = None) -> CommandError:
    """Hyper-V does not take what it was given."""
    return CommandError(message, "InvalidParameter", "InvalidArgument", exception=VIRTUALIZATION, target=target)


def no_service(computer: str) -> CommandError:
    """The Virtual Machine Management service does not answer."""
    message = (
        f"Hyper-V encountered an error trying to access an object on computer '{computer}' because the object was not "
        "found. The object might have been deleted, or you might not have permission to perform the task. Verify that "
        "the Virtual Machine Management service on the computer is running. If the service is running, try to perform "
        "the task again by using Run as Administrator."
    )
    return CommandError(message, "ObjectNotFound", "ObjectNotFound", exception=VIRTUALIZATION, terminating=True)


def not_readable(name: str, identifier: str) -> CommandError:
    """A virtual machine is there, and what it is cannot be read."""
    return operation_failed(f"'{name}' could not be read. (Virtual machine ID {identifier.upper()})")


def operation_failed(message: str) -> CommandError:
    """Hyper-V tried, and did not succeed."""
    return CommandError(message, "OperationFailed", "NotSpecified", exception=VIRTUALIZATION)


def not_a_guid(parameter: str, value: object) -> CommandError:
    """A parameter takes GUIDs only."""
    message = (
        f'Cannot bind parameter \'{parameter}\'. Cannot convert value "{value}" to type "System.Guid". Error: "Guid '
        'should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."'
    )
    return _not_bound(message, "CannotConvertArgumentNoMessage")


def ambiguous_parameters() -> CommandError:
    """The parameters do not go together."""
    message = "Parameter set cannot be resolved using the specified named parameters."
    return _not_bound(message, "AmbiguousParameterSet")


def _not_bound(message: str, error_id: str) -> CommandError:
    return CommandError(message, error_id, "InvalidArgument", exception=BINDING, terminating=True)


def cim(message: str, code: str, category: str) -> CommandError:
    """The CIM server refuses; ``code`` is its HRESULT."""
    return CommandError(message, f"HRESULT {code}", category, exception=CIM)
