# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that every Windows PowerShell 5.1 has and that are not modelled: they are refused, not called unknown."""

from __future__ import annotations

from powershell_subset.command_line import OTHERS

# Verbs with the nouns that they go with.
_NAMES = """
Add Computer Content History Member PSSnapin Type
Checkpoint Computer
Clear Content EventLog History Item ItemProperty RecycleBin Variable
Compare Object
Complete Transaction
Connect PSSession WSMan
Convert Path
ConvertFrom Csv SecureString String StringData
ConvertTo Csv Html SecureString Xml
Copy Item ItemProperty
Debug Job Process Runspace
Disable ComputerRestore PSBreakpoint PSRemoting PSSessionConfiguration RunspaceDebug WSManCredSSP
Disconnect PSSession WSMan
Enable ComputerRestore PSBreakpoint PSRemoting PSSessionConfiguration RunspaceDebug WSManCredSSP
Enter PSHostProcess PSSession
Exit PSHostProcess PSSession
Expand Archive
Export Alias Clixml Console Counter Csv FormatData ModuleMember PSSession
Find Module Package Script
Format Custom Hex List Table Wide
Get Acl Alias AuthenticodeSignature ChildItem CimAssociatedInstance CimClass CimSession Clipboard CmsMessage Content
Get ComputerInfo ComputerRestorePoint ControlPanelItem Counter Credential Culture Event EventLog EventSubscriber
Get ExecutionPolicy FileHash FormatData Help History Host HotFix Item ItemProperty ItemPropertyValue Job Location Member
Get Module PSBreakpoint PSCallStack PSDrive PSHostProcessInfo PSProvider PSSession PSSessionConfiguration PSSnapin
Get PfxCertificate Process Random Runspace RunspaceDebug Service TimeZone TraceSource Transaction TypeData UICulture
Get Unique WinEvent WmiObject WSManCredSSP WSManInstance
Import Alias Clixml Counter Csv LocalizedData PSSession
Install Module Package
Invoke CimMethod Command Expression History Item RestMethod WSManAction WebRequest WmiMethod
Join Path
Limit EventLog
Measure Command
Move Item ItemProperty
New Alias CimInstance CimSession CimSessionOption Event EventLog FileCatalog Guid Item ItemProperty Module
New ModuleManifest PSDrive PSRoleCapabilityFile PSSession PSSessionConfigurationFile PSSessionOption PSTransportOption
New Service TemporaryFile TimeSpan Variable WSManInstance WSManSessionOption WebServiceProxy WinEvent
Out Default File GridView Host Printer
Pop Location
Protect CmsMessage
Push Location
Read Host
Receive Job PSSession
Register CimIndicationEvent EngineEvent ObjectEvent PSSessionConfiguration WmiEvent
Remove CimInstance CimSession Computer Event EventLog Item ItemProperty Job Module PSBreakpoint PSDrive PSSession
Remove PSSnapin TypeData WSManInstance WmiObject
Rename Computer Item ItemProperty
Reset ComputerMachinePassword
Resolve Path
Restart Computer Service
Restore Computer
Resume Job Service
Save Help Module
Select String Xml
Send MailMessage
Set Acl Alias AuthenticodeSignature CimInstance Clipboard Content Date ExecutionPolicy Item ItemProperty Location
Set PSBreakpoint PSDebug PSSessionConfiguration Service TimeZone TraceSource WSManInstance WSManQuickConfig WmiInstance
Show Command ControlPanelItem EventLog
Split Path
Start Job Process Service Transaction Transcript
Stop Computer Job Process Service Transcript
Suspend Job Service
Tee Object
Test ComputerSecureChannel Connection ModuleManifest PSSessionConfigurationFile WSMan
Trace Command
Unblock File
Undo Transaction
Unprotect CmsMessage
Unregister Event PSSessionConfiguration
Update FormatData Help List TypeData
Use Transaction
Wait Debugger Event Job Process
Write EventLog Information
"""
_ALIASES = """
ac asnp cat cd chdir clc clear clhy cli clp cls clv cnsn compare copy cp cpi cpp curl cvpa dbp del diff dir dnsn ebp
epal epcsv epsn erase etsn exsn fc fhx fl ft fw gal gbp gc gci gcb gcs gdr ghy gi gjb gl gm gmo gp gps gpv gsn gsnp
gsv gtz gu gwmi h help history icm iex ihy ii ipal ipcsv ipsn irm ise iwmi iwr kill lp ls man md mi mkdir more mount
move mp mv nal ndr ni nmo npssc nsn nv ogv oh popd ps pushd pwd r rbp rcjb rcsn rd rdr ren ri rjb rm rmdir rmo rni rnp
rp rsn rsnp rujb rvpa rwmi sajb sal saps sasv sbp sc scb shcm si sl sls sp spjb spps spsv start stz sujb swmi tee trcm
type wget wjb
"""


def _named() -> frozenset[str]:
    found = set(_ALIASES.split()) | OTHERS
    for line in _NAMES.strip().splitlines():
        verb, *nouns = line.split()
        found.update(f"{verb}-{noun}".lower() for noun in nouns)
    return frozenset(found)


NAMES = _named()


def is_unmodelled(name: str) -> bool:
    """Whether a real host would know a command of this name."""
    bare = name.lower().rpartition("\\")[2]
    return bare in NAMES or bare.removesuffix(".exe") in OTHERS or f"get-{bare}" in NAMES
