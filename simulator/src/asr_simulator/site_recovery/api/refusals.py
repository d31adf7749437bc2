# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Site Recovery refuses at once, in its words where they were recorded."""

from __future__ import annotations

from asr_simulator.wire import ArmError


def refuse(status: int, code: str, detail: str, message: str, causes: str, action: str) -> ArmError:
    """An error in Site Recovery's form: a general code outside, the precise one in ``details`` (recordings)."""
    details = {
        "code": detail,
        "message": message,
        "possibleCauses": causes,
        "recommendedAction": action,
        "clientRequestId": "",
        "activityId": "00000000-0000-0000-0000-000000000000",
    }
    return ArmError(status, code, message, [details])


def invalid_direction() -> ArmError:
    """400: the direction does not fit the item (recording)."""
    return refuse(
        400,
        "BadRequest",
        "InvalidFailoverDirection",
        "Invalid failover direction was specified. Verify input and try operation again.",
        "Invalid parameters were specified.",
        "Verify the input and try again.",
    )


def invalid_input(name: str, why: str) -> ArmError:
    """400: a parameter of the body is wrong (the code was reported by users; its words are inferred)."""
    return refuse(
        400,
        "BadRequest",
        "InvalidParameter",
        f"The parameter {name} is invalid: {why}",
        "Invalid parameters were specified.",
        "Verify the input and try again.",
    )


def no_resource(name: str) -> ArmError:
    """404: no such item, container, provider, plan, job, policy, event or network (recording)."""
    return refuse(
        404,
        "NotFound",
        "ArmResourceDoesNotExist",
        f"Specified resource with name '{name}' does not exist.",
        "Ensure correct resource name was specified.",
        "Verify ARM resource name details.",
    )


def no_fabric(name: str) -> ArmError:
    """404: no such fabric (recording)."""
    return refuse(
        404,
        "NotFound",
        "FabricArmEntityMissing",
        f"Fabric with name {name} could not be located.",
        "The fabric might have been unregistered from the Microsoft Azure Site Recovery vault.",
        "Retry the operation with a valid site.",
    )


def action_not_allowed(action: str, state: str) -> ArmError:
    """400: the job does not allow this now (inferred; an old interface answered 500 to a wrong restart)."""
    return refuse(
        400,
        "BadRequest",
        "JobActionNotAllowed",
        f"The action {action} isn't allowed on a job in the state {state}.",
        "The job isn't in a state in which the action can be performed.",
        "Look at the actions that the job allows, and retry the operation.",
    )


def deprecated_plan_reprotect() -> ArmError:
    """400: reverse replication of a plan (definition: 'no longer works' since 2025-01-01; the form is inferred)."""
    return refuse(
        400,
        "BadRequest",
        "OperationNotSupported",
        "This api is for deprecated scenarios and no longer works.",
        "The operation is deprecated.",
        "Reverse replicate each virtual machine of the recovery plan.",
    )


def provider_not_modeled(provider: str) -> ArmError:
    """501: an item that is not replicated from Hyper-V to Azure can only be read here."""
    return ArmError(
        501, "NotImplemented", f"This simulator does not operate items of the replication provider {provider}."
    )


def not_modeled(method: str, path: str) -> ArmError:
    """501: Azure has the operation, the simulator has not."""
    return ArmError(501, "NotImplemented", f"Azure answers {method} {path}; this simulator does not model that call.")
