# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicated items and the virtual machines on both sides of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from asr_simulator.hyperv import HyperV, Machine
from asr_simulator.hyperv.machine_states import Replication
from asr_simulator.identities import Identities
from asr_simulator.scenarios.model import DiskSpec, ItemSpec, VaultPlace
from asr_simulator.site_recovery.model import lifecycle
from asr_simulator.site_recovery.model.fabrics import Container, Fabric, Provider
from asr_simulator.site_recovery.model.jobs import Job
from asr_simulator.site_recovery.model.replication import replication_at

HYPERV_TO_AZURE = "HyperVReplicaAzure"

NO_TEST = "None"
TEST_WAITS = "WaitingForCompletion"
# Of an item that ever had a test failover: it stays so for good (recordings).
TEST_CLEANED_UP = "MarkedForDeletion"


@dataclass(frozen=True)
class TargetDisk:
    """What an item says of a disk in Azure; ``location`` is the blob of an unmanaged one."""

    name: str
    location: str | None


@dataclass(eq=False)
class Item:
    """A replicated item: its stage, the job that owns it, and what is where.

    ``azure_vm_name`` is that of the virtual machine that the failover made, empty where it has the item's;
    ``azure_disks`` are that machine's by the names of the item's own, from the failover to the commit of the failback.
    ``vm_id`` is the id that the vault and its jobs know the virtual machine by, ``source_id`` that of the hypervisor.
    For a Hyper-V site they are the same; for VMM the first is VMM's own (recordings).
    """

    spec: ItemSpec
    path: str
    vm_id: str
    source_id: str
    disk_ids: Mapping[str, str]
    nic_id: str
    correlation_id: str
    fabric: Fabric
    container: Container
    provider: Provider
    policy_path: str
    group_path: str
    on_premises: Machine
    stage: str = lifecycle.PROTECTED
    planned: bool = True
    job: Job | None = None
    job_started: datetime | None = None
    last_job: Job | None = None
    last_failover: datetime | None = None
    last_test_failover: datetime | None = None
    replicated: datetime | None = None
    recovery_point: str | None = None
    test_failover: str = NO_TEST
    test_job: Job | None = None
    initial_replication: int = 0
    azure_vm_name: str = ""
    azure_disks: Mapping[str, TargetDisk] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its resource name."""
        return self.spec.name

    @property
    def friendly_name(self) -> str:
        """The virtual machine's name."""
        return self.spec.friendly_name

    @property
    def disks(self) -> tuple[DiskSpec, ...]:
        """The disks that are replicated."""
        return self.spec.disks

    @property
    def gb(self) -> float:
        """What all disks hold, in GB."""
        return sum(disk.gb for disk in self.spec.disks)

    @property
    def azure_vm_path(self) -> str:
        """Where the failed-over virtual machine is, or would be."""
        name = self.azure_vm_name or self.friendly_name
        return f"{self.group_path}/providers/Microsoft.Compute/virtualMachines/{name}"

    @property
    def is_hyperv_to_azure(self) -> bool:
        """Whether it is replicated as this simulator models; others can only be read."""
        return self.spec.provider == HYPERV_TO_AZURE

    @property
    def waiting_test(self) -> Job | None:
        """The job of a test failover that waits for its clean-up."""
        return self.test_job if self.test_failover == TEST_WAITS else None

    @property
    def in_azure(self) -> bool:
        """Whether Azure is authoritative."""
        return self.stage in lifecycle.ACTIVE_IN_AZURE

    def replication(self) -> Replication:
        """How Hyper-V shows the replication of its virtual machine."""
        if not self.is_hyperv_to_azure:
            return Replication()
        return replication_at(self.stage, planned=self.planned, health=self.spec.replication_health)

    def happens(self, event: str) -> None:
        """Move to the stage that the event leads to.

        Raises:
            lifecycle.IllegalTransition: the table does not know the event for this stage.
        """
        self.stage = lifecycle.after(self.stage, event)

    def taken_by(self, job: Job, now: datetime) -> None:
        """The job owns the item until it ends."""
        self.job, self.job_started = job, now

    def released_by(self, job: Job) -> None:
        """The job has ended; of a job that never owned it nothing changes."""
        if self.job is job:
            self.job, self.job_started, self.last_job = None, None, job


def build_item(spec: ItemSpec, fabrics: dict[str, Fabric], place: VaultPlace, ids: Identities, hyperv: HyperV) -> Item:
    """The item of a scenario, still protected on-premises."""
    fabric = fabrics[spec.fabric]
    container = fabric.container_of(spec.cloud)
    provider = fabric.provider_of(spec.server)
    source_id = ids.of("virtual machine", spec.name)
    disk_ids = {disk.name: ids.of("disk", f"{spec.name}/{disk.name}") for disk in spec.disks}
    machine = hyperv.replicated(spec, source_id, disk_ids)
    item = Item(
        spec=spec,
        path=f"{container.path}/replicationProtectedItems/{spec.name}",
        vm_id=source_id if fabric.is_site else hyperv.id_of("managed machine", source_id),
        source_id=source_id,
        disk_ids=disk_ids,
        nic_id=ids.of("nic", spec.name),
        correlation_id=ids.of("correlation", spec.name),
        fabric=fabric,
        container=container,
        provider=provider,
        policy_path=f"{place.path}/replicationPolicies/policy-{fabric.friendly_name.split('.')[0].lower()}",
        group_path=place.group_path,
        on_premises=machine,
    )
    machine.replication = item.replication
    return item
