# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alternate host of a failback: another Hyper-V host that is registered in the item's own site."""

from __future__ import annotations

from ..azure.session import AzureSession
from ..model.fabrics import Provider
from ..model.failures import ConfigurationError, TargetError
from ..model.items import ReplicatedItem


class Unregistered(TargetError):
    """The site of a VM has no host of the name that the user gave, or several."""


def name_of_another_host(item: ReplicatedItem, target: Provider | None) -> str:
    """Return the name of a host that the VM did not come from; empty where it goes back to its own."""
    return target.friendly_name if target and target.id.lower() != item.provider_id.lower() else ""


def refuse_host_for_plan(recovery_plan: str, target_host: str) -> None:
    """Refuse an alternate host for a whole plan: the service's input for plans has no such field (API definition)."""
    if recovery_plan and target_host:
        raise ConfigurationError(
            "target_host cannot be used with recovery_plan: Site Recovery takes an alternate host for one VM only.",
            "Fail the VMs back to that host one by one, with replicated_item.",
        )


def find_target_provider(session: AzureSession, item: ReplicatedItem, wanted: str) -> Provider:
    """Return the provider of the host that the user names.

    Raises ConfigurationError for a VM of a VMM server, Unregistered where the site has no such host, or several.
    """
    fabric = session.site_recovery.fabric(item.fabric_name)
    if not fabric.is_hyper_v_site:
        raise ConfigurationError(
            f"target_host cannot be used: {item.friendly_name} belongs to the {fabric.type} fabric "
            f"{fabric.friendly_name}, and Site Recovery takes an alternate host within a Hyper-V site only.",
            "Leave target_host out; VMM places the VM on a host of its cloud.",
        )
    providers = session.site_recovery.providers(fabric.name)
    found = [provider for provider in providers if provider.answers_to(wanted)]
    if len(found) != 1:
        names = ", ".join(sorted(provider.friendly_name for provider in providers))
        raise Unregistered(
            f"{len(found) or 'No'} registered Hyper-V host of site {fabric.friendly_name} is called '{wanted}'.",
            f"Registered there: {names}. Name one of these, or register the host: download the site's registration key "
            "in the portal (Site Recovery infrastructure, Hyper-V hosts), and run the setup of the Azure Site Recovery "
            "provider on the host with it.",
            asked=wanted,
        )
    return found[0]
