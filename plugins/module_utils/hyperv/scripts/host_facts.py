# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is and what it holds: one question, whatever the number of virtual machines.

Input: C({"vms": null}) for all of them, or C({"vms": [{"id": guid or "", "name": text}]}); a virtual machine is
returned when its id or its name is among them. With C("power_only": true) their disks, network adapters, checkpoints
and security are left out, as parts that could not be read: reading the files of a hundred disks takes long. Nothing is
changed.

A part that cannot be read is left out, and C(problems) holds the host's own words about it.
"""

from __future__ import annotations

from .reading import FUNCTIONS
from .rights import FUNCTIONS as RIGHTS
from .switches import FUNCTIONS as SWITCHES

SCRIPT = (
    r"""
param($Request)
$ErrorActionPreference = 'Stop'
$problems = New-Object System.Collections.ArrayList

"""
    + FUNCTIONS
    + RIGHTS
    + SWITCHES
    + r"""
$wantedIds = @{}
$wantedNames = @{}
foreach ($wanted in $Request.vms) {
    if ($wanted.id) { $wantedIds[[string] $wanted.id] = $true }
    if ($wanted.name) { $wantedNames[[string] $wanted.name] = $true }
}

function Test-Wanted {
    param($Id, $Name)
    ($null -eq $Request.vms) -or $wantedIds.ContainsKey([string] $Id) -or $wantedNames.ContainsKey([string] $Name)
}

# A machine that is broken must not hide the others.
function Read-OfMachines {
    param([string] $Part, [scriptblock] $Ask)
    try { $found = @(& $Ask $machines) } catch {
        $found = @(foreach ($one in $machines) { Read-Part $Part { & $Ask @($one) } -Of $one.Name })
    }
    $found
}

# Get-VHD takes a path of a share as a pattern: web[1].vhdx would be web1.vhdx.
function Get-LiteralPath {
    param([string[]] $Paths)
    foreach ($path in $Paths) {
        if ($path.StartsWith('\\')) { $path -replace '([`\[\]*?])', '`$1' } else { $path }
    }
}

# A file that cannot be read must not hide the others: of each it is told why, under its path.
function Read-DiskFile {
    param([string[]] $Paths)
    try {
        foreach ($file in Hyper-V\Get-VHD -Path @(Get-LiteralPath $Paths)) { $files[[string] $file.Path] = $file }
    } catch {
        foreach ($path in $Paths) {
            try { $files[$path] = Hyper-V\Get-VHD -Path @(Get-LiteralPath $path) } catch {
                $unread[$path] = [string] $_.Exception.Message
                Add-Problem 'disk_files' $_ $path
            }
        }
    }
}

# Which machine this is, by what needs no right: classes of CIM may be refused to the account.
$network = Read-One 'identity' {
    Get-ItemProperty -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters'
}
$cryptography = Read-One 'identity' {
    Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Cryptography' -Name 'MachineGuid'
}
$computer = Read-One 'computer' { Get-CimInstance -ClassName Win32_ComputerSystem }
$system = Read-One 'os' { Get-CimInstance -ClassName Win32_OperatingSystem }
# Server, or Server Core: no class of CIM tells it.
$windows = Read-One 'os' {
    Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion' -Name 'InstallationType'
}
$services = @(Read-Part 'services' {
    $names = 'vmms', 'dra', 'obengine', 'SCVMMService', 'ClusSvc', 'WinRM'
    $filter = @(foreach ($name in $names) { "Name='$name'" }) -join ' OR '
    $shown = @(Get-CimInstance -ClassName Win32_Service -Filter $filter)
    # By which the host is asked at this moment: services that lack it are not all that there are.
    $itself = @($shown | Where-Object { $_.Name -eq 'WinRM' })
    if ($itself.Count -eq 0) { throw 'The host does not show its services to this account.' }
    $shown | Where-Object { $_.Name -ne 'WinRM' }
})
$mayAdminister = Read-One 'rights' { Test-MayAdministerHyperV }
$servicesUnknown = @($problems | Where-Object { $_.part -eq 'services' }).Count -gt 0
$serviceNames = @(foreach ($service in $services) { $service.Name })
$running = @(foreach ($service in $services) { if ($service.State -eq 'Running') { $service.Name } })
$isHyperV = $servicesUnknown -or ($serviceNames -contains 'vmms')

$volumes = @(Read-Part 'volumes' {
    foreach ($volume in Get-CimInstance -ClassName Win32_Volume -Filter "DriveType=3 OR FileSystem='CSVFS'") {
        # Those without a letter or a folder cannot hold what a path names.
        if (([string] $volume.Name).StartsWith('\\?\')) { continue }
        [ordered]@{
            path = [string] $volume.Name
            label = [string] $volume.Label
            file_system = [string] $volume.FileSystem
            size = [int64] $volume.Capacity
            free = [int64] $volume.FreeSpace
            # A cluster shared volume, whichever node owns it.
            is_cluster_volume = $volume.FileSystem -eq 'CSVFS'
        }
    }
})

$switches = @()
$machines = @()
$vmHost = $null
$vmmsVersion = $null
if ($isHyperV) {
    $vmmsVersion = Read-One 'hyper_v' {
        [string] (Get-Item -LiteralPath "$env:SystemRoot\System32\vmms.exe").VersionInfo.ProductVersion
    }
    $vmHost = Read-One 'hyper_v' { Hyper-V\Get-VMHost }
    $switches = @(Read-Part 'switches' {
        foreach ($virtualSwitch in Hyper-V\Get-VMSwitch) {
            [ordered]@{
                id = [string] $virtualSwitch.Id
                name = [string] $virtualSwitch.Name
                type = [string] $virtualSwitch.SwitchType
                adapter = Get-TextOrNull $virtualSwitch.NetAdapterInterfaceDescription
                embedded_teaming = [bool] $virtualSwitch.EmbeddedTeamingEnabled
                adapters = @(Get-SwitchAdapter $virtualSwitch)
            }
        }
    })
    $machines = @(Read-Part 'vms' {
        $all = @(Hyper-V\Get-VM -ErrorAction SilentlyContinue -ErrorVariable failures)
        foreach ($failure in $failures) { Add-Problem 'vms' $failure }
        $all | Where-Object { Test-Wanted $_.Id $_.Name }
    })
}

# The command came with 2016, as did what it tells. What it gives names no machine: one for each, in their order.
function Read-Security {
    try { $found = @(Hyper-V\Get-VMSecurity -VM $machines) } catch { $found = @() }
    $at = 0
    foreach ($one in $machines) {
        $shown = $null
        if ($found.Count -eq $machines.Count) { $shown = $found[$at] }
        if ($null -eq $shown) { $shown = Read-One 'security' { Hyper-V\Get-VMSecurity -VM $one } }
        $security[[string] $one.Id] = $shown
        $at += 1
    }
}

$drives = @()
$files = @{}
$unread = @{}
$nics = @()
$checkpoints = @()
$security = @{}
$hasSecurity = $null -ne (Get-Command -Name Get-VMSecurity -Module Hyper-V -ErrorAction SilentlyContinue)
if ($Request.power_only) {
    foreach ($part in 'disks', 'nics', 'checkpoints', 'security') {
        $null = $problems.Add([ordered]@{ part = $part; message = 'It was not asked for.' })
    }
} elseif ($machines.Count -gt 0) {
    $drives = @(Read-OfMachines 'disks' { param($Of) Hyper-V\Get-VMHardDiskDrive -VM $Of })
    # A disk that is passed through has a number and no file.
    $withFile = $drives | Where-Object { $_.Path -and $null -eq $_.DiskNumber }
    $paths = @(foreach ($drive in $withFile) { [string] $drive.Path })
    if ($paths.Count -gt 0) { Read-DiskFile $paths }
    $nics = @(Read-OfMachines 'nics' { param($Of) Hyper-V\Get-VMNetworkAdapter -VM $Of })
    $checkpoints = @(Read-OfMachines 'checkpoints' { param($Of) Hyper-V\Get-VMSnapshot -VM $Of })
    if ($hasSecurity) { Read-Security }
}
$drivesOf = Get-ByMachine $drives
$nicsOf = Get-ByMachine $nics
$checkpointsOf = Get-ByMachine $checkpoints

function Get-Disk {
    param($Drive)
    $file = $files[[string] $Drive.Path]
    $disk = [ordered]@{
        path = [string] $Drive.Path
        format = $null
        type = $null
        size = $null
        file_size = $null
        parent = $null
        shared = [bool] $Drive.SupportPersistentReservations
        unread = Get-TextOrNull $unread[[string] $Drive.Path]
    }
    if ($null -ne $file) {
        $disk.format = [string] $file.VhdFormat
        $disk.type = [string] $file.VhdType
        $disk.size = [int64] $file.Size
        $disk.file_size = [int64] $file.FileSize
        $disk.parent = Get-TextOrNull $file.ParentPath
    } elseif ($null -ne $Drive.DiskNumber) { $disk.type = 'PassThrough' }
    $disk
}

function Get-Security {
    param($Id)
    $shown = $security[$Id]
    if ($null -ne $shown) {
        [ordered]@{ tpm = [bool] $shown.TpmEnabled; shielded = [bool] $shown.Shielded }
    } elseif ($hasSecurity) { $null } else { [ordered]@{ tpm = $false; shielded = $false } }
}

# The id is that of an access port, the native one of a trunk, or the primary one of a private VLAN.
function Get-Vlan {
    param($Setting)
    $mode = [string] $Setting.OperationMode
    $id = $null
    $others = $null
    if ($mode -eq 'Access') { $id = [int] $Setting.AccessVlanId }
    if ($mode -eq 'Trunk') {
        $id = [int] $Setting.NativeVlanId
        $others = Get-TextOrNull $Setting.AllowedVlanIdListString
    }
    if ($mode -eq 'Private') {
        $id = [int] $Setting.PrimaryVlanId
        $others = Get-TextOrNull $Setting.SecondaryVlanIdListString
        if ($null -eq $others) { $others = [string] $Setting.SecondaryVlanId }
    }
    if ($mode -eq '') { $null } else { [ordered]@{ mode = $mode; id = $id; others = $others } }
}

$vms = @(foreach ($machine in $machines) {
    Read-Part 'vms' -Of $machine.Name {
        $id = [string] $machine.Id
        [ordered]@{
            id = $id
            name = [string] $machine.Name
            state = [string] $machine.State
            generation = [int] $machine.Generation
            path = [string] $machine.Path
            uptime_seconds = [int64] $machine.Uptime.TotalSeconds
            processors = [int] $machine.ProcessorCount
            memory_bytes = [int64] $machine.MemoryStartup
            heartbeat = [string] $machine.Heartbeat
            status = [string] $machine.Status
            operational_status = @(foreach ($one in $machine.OperationalStatus) { [string] $one })
            automatic_start_action = [string] $machine.AutomaticStartAction
            automatic_stop_action = [string] $machine.AutomaticStopAction
            security = Get-Security $id
            is_clustered = [bool] $machine.IsClustered
            replication = [ordered]@{
                mode = [string] $machine.ReplicationMode
                state = [string] $machine.ReplicationState
                health = [string] $machine.ReplicationHealth
            }
            checkpoints = @(foreach ($checkpoint in $checkpointsOf[$id]) {
                [ordered]@{
                    name = [string] $checkpoint.Name
                    created = Get-Utc $checkpoint.CreationTime
                    type = [string] $checkpoint.SnapshotType
                }
            })
            disks = @(foreach ($drive in $drivesOf[$id]) { Get-Disk $drive })
            nics = @(foreach ($nic in $nicsOf[$id]) {
                [ordered]@{
                    name = [string] $nic.Name
                    mac = [string] $nic.MacAddress
                    switch = Get-TextOrNull $nic.SwitchName
                    vlan = Read-One 'vlans' { Get-Vlan $nic.VlanSetting }
                    addresses = @(foreach ($address in $nic.IPAddresses) { [string] $address })
                }
            })
        }
    }
})

$name = [string] $env:COMPUTERNAME
if ($name -eq '') { $name = [string] $computer.Name }
$fqdn = [string] $network.Hostname
if ($network.Domain) { $fqdn = $fqdn + '.' + [string] $network.Domain }
if ($fqdn -eq '') {
    $fqdn = [string] $computer.DNSHostName
    if ($computer.PartOfDomain) { $fqdn = $fqdn + '.' + [string] $computer.Domain }
}

# The machines of the resources of one type. One that does not tell its machine must not hide the others.
function Get-ClusterMachine {
    param($Resources, [string] $Type)
    foreach ($resource in $Resources) {
        if ([string] $resource.ResourceType.Name -ne $Type) { continue }
        # Its own parameter tells which machine a resource is: the name of a group is only text.
        $ids = @(Read-Part 'cluster_vms' -Of $resource.Name {
            [string] (FailoverClusters\Get-ClusterParameter -InputObject $resource -Name VmID).Value
        })
        [ordered]@{
            vm_id = $ids -join ''
            name = [string] $resource.OwnerGroup.Name
            group_state = [string] $resource.OwnerGroup.State
            resource = [string] $resource.Name
            owner = [string] $resource.OwnerNode.Name
            state = [string] $resource.State
        }
    }
}

# Where the account may not see the services, a host that has the commands is asked for a cluster and VMM all the same.
function Test-Serves {
    param([string] $Service, [string] $Command, [string] $Module)
    if ($servicesUnknown) { $null -ne (Get-Command -Name $Command -Module $Module -ErrorAction SilentlyContinue) }
    else { $running -contains $Service }
}

$cluster = $null
if (Test-Serves 'ClusSvc' 'Get-ClusterResource' 'FailoverClusters') {
    $cluster = Read-One 'cluster' {
        $resources = @(FailoverClusters\Get-ClusterResource)
        [ordered]@{
            name = [string] (FailoverClusters\Get-Cluster).Name
            node = $name
            nodes = @(foreach ($node in FailoverClusters\Get-ClusterNode) {
                [ordered]@{ name = [string] $node.Name; state = [string] $node.State }
            })
            groups = @(Get-ClusterMachine $resources 'Virtual Machine')
            # It registers the machine on its node: while it is not online, that node does not list the machine.
            configurations = @(Get-ClusterMachine $resources 'Virtual Machine Configuration')
        }
    }
}

$vmm = $null
if (Test-Serves 'SCVMMService' 'Get-SCVMMServer' 'VirtualMachineManager') {
    $vmm = Read-One 'vmm' {
        $server = VirtualMachineManager\Get-SCVMMServer -ComputerName 'localhost'
        [ordered]@{
            version = [string] $server.ProductVersion
            hosts = @(foreach ($managed in VirtualMachineManager\Get-SCVMHost -VMMServer $server) {
                [ordered]@{
                    name = [string] $managed.Name
                    state = [string] $managed.OverallState
                    cluster = Get-TextOrNull $managed.HostCluster.Name
                }
            })
            clouds = @(foreach ($cloud in VirtualMachineManager\Get-SCCloud -VMMServer $server) {
                [ordered]@{ name = [string] $cloud.Name }
            })
            vms = @(foreach ($machine in VirtualMachineManager\Get-SCVirtualMachine -VMMServer $server) {
                if (-not (Test-Wanted $machine.VMId $machine.Name)) { continue }
                [ordered]@{
                    id = [string] $machine.VMId
                    name = [string] $machine.Name
                    state = [string] $machine.VirtualMachineState
                    host = Get-TextOrNull $machine.VMHost.Name
                    cloud = Get-TextOrNull $machine.Cloud.Name
                }
            })
        }
    }
}

[ordered]@{
    computer = $name
    fqdn = $fqdn
    machine_guid = Get-TextOrNull $cryptography.MachineGuid
    time = Get-Utc (Get-Date)
    os = [ordered]@{
        caption = [string] $system.Caption
        version = [string] $system.Version
        installation = Get-TextOrNull $windows.InstallationType
    }
    powershell = [string] $PSVersionTable.PSVersion
    processors = [int] $computer.NumberOfLogicalProcessors
    memory_bytes = [int64] $computer.TotalPhysicalMemory
    free_memory_bytes = [int64] $system.FreePhysicalMemory * 1024
    hyper_v = [ordered]@{
        installed = ($serviceNames -contains 'vmms')
        module = ($null -ne (Get-Command -Name Get-VM -Module Hyper-V -ErrorAction SilentlyContinue))
        version = $vmmsVersion
        virtual_machine_path = Get-TextOrNull $vmHost.VirtualMachinePath
        virtual_hard_disk_path = Get-TextOrNull $vmHost.VirtualHardDiskPath
    }
    may_administer_hyper_v = $mayAdminister
    services = @(foreach ($service in $services) {
        [ordered]@{
            name = [string] $service.Name
            display_name = [string] $service.DisplayName
            state = [string] $service.State
            start_mode = [string] $service.StartMode
        }
    })
    volumes = $volumes
    switches = $switches
    vms = $vms
    cluster = $cluster
    vmm = $vmm
    problems = @($problems)
}
"""
)
