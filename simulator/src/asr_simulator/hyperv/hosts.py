# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hyper-V hosts and VMM servers: their operating system, services, volumes, switches and network cards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asr_simulator.hyperv.machines import Machine, VirtualDisk
from powershell_subset import Answer

CSV_ROOT = "C:\\ClusterStorage\\"
SERVICE_RUNNING, SERVICE_STOPPED = "Running", "Stopped"
VMMS, DRA, AGENT, VMM_SERVICE, CLUSTER_SERVICE = "vmms", "dra", "obengine", "SCVMMService", "ClusSvc"
TOLD, LOST, CUT = "told", "lost", "cut"
EXTERNAL, INTERNAL, PRIVATE = "External", "Internal", "Private"


@dataclass(frozen=True)
class OperatingSystem:
    """A release of Windows Server; ``powershell`` is the version that comes with it, or 5.1 put on 2012 R2."""

    caption: str
    version: str
    powershell: str
    file_version: str

    @property
    def build(self) -> str:
        """The build number."""
        return self.version.rsplit(".", 1)[1]


RELEASES = {
    release: OperatingSystem(f"Microsoft Windows Server {release} Datacenter", version, powershell, files)
    for release, version, powershell, files in (
        ("2012 R2", "6.3.9600", "5.1.14409.1027", "6.3.9600.20478"),
        ("2016", "10.0.14393", "5.1.14393.6343", "10.0.14393.6343"),
        ("2019", "10.0.17763", "5.1.17763.5328", "10.0.17763.5328"),
        ("2022", "10.0.20348", "5.1.20348.2227", "10.0.20348.2227"),
        ("2025", "10.0.26100", "5.1.26100.1591", "10.0.26100.1591"),
    )
}


@dataclass
class Service:
    """A Windows service. ``state_after_change`` is its state once a command has changed something; empty: as it is."""

    name: str
    display_name: str
    state: str = SERVICE_RUNNING
    start_mode: str = "Auto"
    state_after_change: str = ""


@dataclass(eq=False)
class Volume:
    """A volume; ``own`` are the bytes that no virtual disk takes. Nodes of a cluster share the same object.

    ``free_at_start`` is what is to be free when the scenario begins; None: whatever is.
    """

    path: str
    label: str
    size: int
    own: int
    identifier: str
    cluster: str | None = None
    free_at_start: int | None = None
    disks: list[VirtualDisk] = field(default_factory=list, repr=False)

    @property
    def file_system(self) -> str:
        """How it is formatted."""
        return "CSVFS" if self.cluster else "NTFS"

    @property
    def root(self) -> str:
        """Its path with the backslash at its end."""
        return self.path.rstrip("\\") + "\\"

    def balance(self, now: datetime) -> int:
        """Free bytes, below zero when more was written than fits."""
        return self.size - self.own - sum(disk.file_size(now) for disk in self.disks)

    def free(self, now: datetime) -> int:
        """Free bytes now."""
        return max(0, self.balance(now))

    def unclaimed(self) -> int:
        """Free bytes when everything that grows has grown."""
        return max(0, self.size - self.own - sum(disk.final_size for disk in self.disks))

    def leave_free(self, free: int, now: datetime) -> None:
        """Other files take what leaves so much free now."""
        self.own = self.size - sum(disk.file_size(now) for disk in self.disks) - free


@dataclass
class Switch:
    """A virtual switch; ``cards`` are the network cards of an external one, also those that are gone since.

    ``teamed``: it was made with embedded teaming; ``sr_iov``: with SR-IOV.
    """

    identifier: str
    name: str
    type: str
    cards: list[NetworkCard] = field(default_factory=list)
    for_management: bool = True
    teamed: bool = False
    sr_iov: bool = False

    @property
    def changeable(self) -> tuple[str, tuple[str, ...], bool]:
        """What a command may change of it."""
        return self.type, tuple(card.name for card in self.cards), self.for_management

    @property
    def cards_there(self) -> list[NetworkCard]:
        """Those of its network cards that Windows still has."""
        return [card for card in self.cards if card.present]


@dataclass(eq=False)
class NetworkCard:
    """A physical network card; ``present``: Windows has it, so it was not taken out, or disabled in the firmware."""

    name: str
    description: str
    mac: str
    index: int
    status: str = "Up"
    present: bool = True


@dataclass(eq=False)
class Cluster:
    """A failover cluster; its nodes share volumes and virtual machines."""

    name: str
    domain: str
    identifier: str
    nodes: list[Host] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)


@dataclass
class Quota:
    """So many operations of a kind that WinRM refuses with a quota's number: as a WSManFault, or an MSFT_WmiError."""

    operation: str
    code: int
    times: int
    in_wmi_error: bool = False


@dataclass
class Remoting:
    """What goes wrong in a host's WinRM. ``blocked`` is the number with which App Control keeps PowerShell from
    starting (0: it does not), ``pipe_ends`` that a command ends before it has read its input, ``send_times_out`` that
    Send is carried out and no answer comes in time. ``input_lost``: a command's standard input ends before anything of
    it has come, ``console`` is what comes before and behind all that a command shows, and ``answers`` what becomes of
    that, of every command or of those that have changed something."""

    quotas: list[Quota] = field(default_factory=list)
    blocked: int = 0
    pipe_ends: bool = False
    send_times_out: bool = False
    input_lost: bool = False
    console: tuple[str, str] = ("", "")
    answers: str = TOLD
    of_changes_alone: bool = False

    def shown(self, text: str, *, changed: bool) -> tuple[str, bool]:
        """What comes of all that a command shows, and whether that is all."""
        before, behind = self.console
        text = f"{before}{text}{behind}"
        if self.answers == TOLD or (self.of_changes_alone and not changed):
            return text, True
        return "" if self.answers == LOST else text[: len(text) // 2], False

    def quota_for(self, operation: str) -> Quota | None:
        """The quota that an operation meets, which counts."""
        found = next((quota for quota in self.quotas if quota.operation == operation and quota.times > 0), None)
        if found is not None:
            found.times -= 1
        return found


@dataclass(eq=False)
class Host:
    """A server. ``accounts`` are the user names that it takes with their passwords; ``winrm``: it can be reached.

    ``installation`` is Server, or Server Core, as Windows' own registry has it.
    ``constrained``: PowerShell runs in Constrained Language Mode, ``remoting`` is what goes wrong in its WinRM.
    ``shows_cim``: its accounts may ask the classes of CIM. ``image`` is the name of the host whose disk it was made of,
    whose MachineGuid it then shares.
    ``has_powercli``: VMware PowerCLI is installed, and comes first on the path of modules.
    ``second_hop``: what runs in a session may go on to other servers as the account, as CredSSP and delegation let it.
    ``administered``: its accounts are administrators; to others Hyper-V shows nothing, without an error.
    ``has_module`` is the one for PowerShell that belongs to the role, ``needed_services`` are those without which it
    serves no vault. ``answers`` are told for users' commands.
    """

    name: str
    os: OperatingSystem
    processors: int
    memory: int
    booted: datetime
    installed: datetime
    winrm: bool = True
    alive: bool = True
    role_installed: bool = True
    has_module: bool = True
    clock_offset: float = 0.0
    administered: bool = True
    shows_cim: bool = True
    image: str = ""
    installation: str = "Server"
    constrained: bool = False
    second_hop: bool = False
    has_powercli: bool = False
    remoting: Remoting = field(default_factory=Remoting, repr=False)
    services: dict[str, Service] = field(default_factory=dict)
    needed_services: tuple[str, ...] = ()
    volumes: list[Volume] = field(default_factory=list)
    cards: list[NetworkCard] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list, repr=False)
    cluster: Cluster | None = field(default=None, repr=False)
    manages: VmmServer | None = field(default=None, repr=False)
    accounts: dict[str, str] = field(default_factory=dict, repr=False)
    answers: tuple[Answer, ...] = ()

    @property
    def short_name(self) -> str:
        """Its NetBIOS name: ``HV-RTM-01``."""
        return self.name.partition(".")[0].upper()[:15]

    @property
    def in_domain(self) -> bool:
        """Whether it belongs to a domain."""
        return "." in self.name

    @property
    def domain(self) -> str:
        """Its DNS domain; ``WORKGROUP`` without one."""
        return self.name.partition(".")[2] or "WORKGROUP"

    @property
    def os_version(self) -> str:
        """Three numbers: ``10.0.20348``."""
        return self.os.version

    @property
    def reachable(self) -> bool:
        """Whether its WinRM can be reached."""
        return self.alive and self.winrm

    @property
    def serves_vault(self) -> bool:
        """Whether what the vault needs of it runs."""
        return self.alive and all(self.service_runs(name) for name in self.needed_services)

    def service_runs(self, name: str) -> bool:
        """Whether it has a service of that name, and it runs."""
        service = self.service(name)
        return service is not None and service.state == SERVICE_RUNNING

    @property
    def storage(self) -> Volume:
        """Where it puts new virtual machines: a shared volume, else the first that is not the system's."""
        shared = (volume for volume in self.volumes if volume.cluster)
        data = (volume for volume in self.volumes if volume.path.upper() != "C:")
        return next(shared, None) or next(data, None) or self.volumes[0]

    @property
    def shown_machines(self) -> list[Machine]:
        """The virtual machines that Hyper-V shows to its accounts."""
        return [machine for machine in self.machines if machine.is_listed] if self.administered else []

    @property
    def shown_switches(self) -> list[Switch]:
        """The switches that Hyper-V shows to its accounts."""
        return self.switches if self.administered else []

    @property
    def machine_folder(self) -> str:
        """The default folder of virtual machines."""
        return f"{self.storage.root}Hyper-V"

    @property
    def disk_folder(self) -> str:
        """The default folder of virtual disks."""
        return f"{self.machine_folder}\\Virtual Hard Disks"

    def changeable(self) -> dict[str, Any]:
        """What a command may change of it: its switches, and how its machines run and start, by their ids."""
        machines = {one.identifier: (one.state, one.automatic_start_action) for one in self.machines}
        return {**machines, **{one.identifier: one.changeable for one in self.switches}}

    def service(self, name: str) -> Service | None:
        """The service of that name."""
        return next((one for one in self.services.values() if one.name.lower() == name.lower()), None)

    @property
    def shown_cards(self) -> list[NetworkCard]:
        """The network cards that Windows has."""
        return [card for card in self.cards if card.present]

    def switch(self, name: str) -> Switch | None:
        """The switch of that name."""
        return next((one for one in self.switches if one.name.lower() == name.lower()), None)

    def volume(self, path: str) -> Volume | None:
        """The volume of that path, with or without a backslash at the end."""
        wanted = path.rstrip("\\").lower()
        return next((one for one in self.volumes if one.path.rstrip("\\").lower() == wanted), None)


@dataclass(eq=False)
class VmmServer:
    """What a VMM server manages."""

    hosts: list[Host]
    clouds: tuple[str, ...]
    version: str = "10.22.1287.0"
