# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WS-Management shell protocol, request by request: what Windows answers, and what it refuses in which words."""

from __future__ import annotations

import base64
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from support.windows_sites import running_site

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD = f"{SHELL}/cmd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "x": TRANSFER,
    "rsp": SHELL,
    "cfg": CONFIG,
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "i": "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd",
}
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
IDENTIFY = f"<s:Envelope {DECLARED}><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"
BOMB = (
    '<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(n)} "{f"&{chr(n - 1)};" * 10}">' for n in range(98, 110))
    + f"]><s:Envelope {DECLARED}><s:Body>&m;</s:Body></s:Envelope>"
)


class Asker:
    """Sends envelopes to a host."""

    def __init__(self, site):
        self.site = site
        self.session = site.requests()

    def send(self, document, **options):
        return self.session.post(self.site.url(), data=document.encode(), timeout=20, **options)

    def ask(self, action, body="", shell="", resource=CMD, options=(), **headers):
        """The root of the answer to an action."""
        selectors = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>' if shell else ""
        chosen = "".join(f'<w:Option Name="{name}">{value}</w:Option>' for name, value in options)
        known = {"w:ResourceURI": resource, "a:Action": action, "a:MessageID": "uuid:7", **headers}
        lines = "".join(f"<{name}>{value}</{name}>" for name, value in known.items() if value)
        head = f"<s:Header>{lines}{selectors}<w:OptionSet>{chosen}</w:OptionSet></s:Header>"
        answer = self.send(f"<s:Envelope {DECLARED}>{head}<s:Body>{body}</s:Body></s:Envelope>")
        assert answer.headers["Content-Type"] == "application/soap+xml;charset=UTF-8"
        root = ElementTree.fromstring(answer.content)
        assert answer.status_code == (200 if root.find(".//s:Fault", NAMES) is None else 500)
        assert (root.findtext("s:Header/a:RelatesTo", "", NAMES)) == known["a:MessageID"]
        return root

    def open(self, attributes="", content="", options=()):
        """The id of a new shell."""
        root = self.ask(f"{TRANSFER}/Create", f"<rsp:Shell {attributes}>{content}</rsp:Shell>", options=options)
        assert root.find(".//s:Fault", NAMES) is None
        return root.findtext(".//rsp:ShellId", "", NAMES)

    def begin(self, shell, line, options=(), attributes=""):
        """The answer to a command line."""
        body = f"<rsp:CommandLine {attributes}><rsp:Command>{line}</rsp:Command></rsp:CommandLine>"
        return self.ask(f"{SHELL}/Command", body, shell, options=options)

    def started(self, shell, line, options=()):
        """The id of a command."""
        return self.begin(shell, line, options).findtext(".//rsp:CommandId", "", NAMES)

    def receive(self, shell, command, streams="stdout stderr", **headers):
        body = f'<rsp:Receive><rsp:DesiredStream CommandId="{command}">{streams}</rsp:DesiredStream></rsp:Receive>'
        return self.ask(f"{SHELL}/Receive", body, shell, **headers)

    def feed(self, shell, command, data=b"", end="true", name="stdin"):
        text = data if isinstance(data, str) else base64.b64encode(data).decode()
        body = f'<rsp:Send><rsp:Stream Name="{name}" CommandId="{command}" End="{end}">{text}</rsp:Stream></rsp:Send>'
        return self.ask(f"{SHELL}/Send", body, shell)

    def signal(self, shell, command, code):
        body = f'<rsp:Signal CommandId="{command}"><rsp:Code>{SHELL}/signal/{code}</rsp:Code></rsp:Signal>'
        return self.ask(f"{SHELL}/Signal", body, shell)

    def delete(self, shell):
        return self.ask(f"{TRANSFER}/Delete", "", shell)


def fault_of(root):
    """Subcode, code of Windows and message of a fault."""
    fault = root.find("s:Body/s:Fault", NAMES)
    assert fault is not None, ElementTree.tostring(root).decode()
    detail = fault.find("s:Detail/f:WSManFault", NAMES)
    assert detail.get("Machine") == "HV01"
    message = "".join(detail.find("f:Message", NAMES).itertext())
    return fault.findtext("s:Code/s:Subcode/s:Value", "", NAMES), int(detail.get("Code")), message


@pytest.fixture
def site(tmp_path):
    with running_site(tmp_path) as running:
        yield running


@pytest.fixture
def asker(site):
    return Asker(site)


def test_given_a_shell_when_created_then_the_answer_describes_it(asker):
    root = asker.ask(
        f"{TRANSFER}/Create", "<rsp:Shell><rsp:IdleTimeOut>PT1M30.5S</rsp:IdleTimeOut></rsp:Shell>", options=()
    )
    shell = {child.tag.partition("}")[2]: child.text for child in root.find(".//rsp:Shell", NAMES)}
    identifier = shell.pop("ShellId")
    assert root.findtext(".//w:Selector[@Name='ShellId']", "", NAMES) == identifier
    assert root.findtext("s:Header/a:Action", "", NAMES) == f"{TRANSFER}/CreateResponse"
    assert shell == {
        "ResourceUri": CMD,
        "Owner": "CONTOSO\\failback",
        "ClientIP": "127.0.0.1",
        "IdleTimeOut": "PT90.500S",
        "InputStreams": "stdin",
        "OutputStreams": "stdout stderr",
        "ShellRunTime": "P0DT0H0M0S",
        "ShellInactivity": "P0DT0H0M0S",
    }


@pytest.mark.parametrize("resource", [CMD, SHELL])
def test_given_an_id_of_the_callers_when_a_shell_is_created_then_it_has_it_and_can_be_looked_at(site, asker, resource):
    wanted = "A1B2C3D4-0000-4000-8000-000000000001"
    assert asker.open(f'ShellId="{wanted}"') == wanted
    site.world.clock.advance(3 * 3600 / 2)
    root = asker.ask(f"{TRANSFER}/Get", "", wanted.lower(), resource)
    assert root.findtext(".//rsp:ShellRunTime", "", NAMES) == "P0DT1H30M0S"
    assert fault_of(asker.ask(f"{TRANSFER}/Create", f'<rsp:Shell ShellId="{wanted}"/>'))[1] == 87


def test_given_a_command_when_it_ended_then_its_streams_end_and_its_exit_code_is_told(asker):
    shell = asker.open()
    root = asker.receive(shell, asker.started(shell, "fail 5 broken"))
    streams = [(one.get("Name"), one.get("End"), one.text) for one in root.iterfind(".//rsp:Stream", NAMES)]
    assert streams == [
        ("stderr", None, base64.b64encode(b"broken").decode()),
        ("stdout", "true", None),
        ("stderr", "true", None),
    ]
    state = root.find(".//rsp:CommandState", NAMES)
    assert (state.get("State"), state.findtext("rsp:ExitCode", "", NAMES)) == (f"{SHELL}/CommandState/Done", "5")


def test_given_more_output_than_an_answer_may_have_when_received_then_it_runs_on(asker):
    shell = asker.open()
    command = asker.started(shell, "repeat 0123456789 1000")
    first = asker.receive(shell, command, **{"w:MaxEnvelopeSize": "8192"})
    assert first.find(".//rsp:CommandState", NAMES).get("State") == f"{SHELL}/CommandState/Running"
    assert first.find(".//rsp:Stream[@End]", NAMES) is None
    assert len(ElementTree.tostring(first)) < 8192


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (f"{SHELL}/Command", "<rsp:CommandLine><rsp:Command>echo</rsp:Command></rsp:CommandLine>"),
        (f"{SHELL}/Receive", "<rsp:Receive><rsp:DesiredStream>stdout</rsp:DesiredStream></rsp:Receive>"),
        (f"{SHELL}/Send", '<rsp:Send><rsp:Stream Name="stdin"/></rsp:Send>'),
        (f"{SHELL}/Signal", "<rsp:Signal/>"),
        (f"{TRANSFER}/Delete", ""),
        (f"{TRANSFER}/Get", ""),
    ],
)
def test_given_no_such_shell_when_asked_for_then_the_fault_says_so(asker, action, body):
    subcode, code, message = fault_of(asker.ask(action, body, "B387C9DF-58ED-4E97-AE80-4117D8D12116"))
    assert (subcode, code) == ("w:InvalidSelectors", 2150858843)
    assert "ShellId B387C9DF-58ED-4E97-AE80-4117D8D12116 failed because the shell was not found" in message
    assert "requires the following selector: ShellId" in fault_of(asker.ask(action, body))[2]


def test_given_no_such_command_when_asked_for_then_the_fault_says_so(asker):
    shell = asker.open()
    answers = [asker.receive(shell, "X"), asker.feed(shell, "X"), asker.signal(shell, "X", "terminate")]
    for subcode, code, message in map(fault_of, answers):
        assert (subcode, code) == ("w:InvalidSelectors", 2150858843)
        assert "a command identifier that does not exist" in message


def test_given_a_terminated_command_when_asked_for_then_it_is_gone(asker):
    shell = asker.open()
    command = asker.started(shell, "cat")
    asker.signal(shell, command, "terminate")
    assert fault_of(asker.receive(shell, command))[1] == 2150858843
    assert asker.site.world.shells.sessions()[0]["exit_code"] == 0xC000013A


def test_given_a_deleted_shell_when_asked_for_then_it_is_gone(asker):
    shell = asker.open()
    assert asker.delete(shell).find("s:Body", NAMES).find("*") is None
    assert fault_of(asker.delete(shell))[1] == 2150858843


def test_given_another_users_shell_when_asked_for_then_it_is_not_found(site, asker):
    shell = asker.open()
    site.host.accounts["CONTOSO\\other"] = "pass"
    other = Asker(site)
    other.session.auth = ("CONTOSO\\other", "pass")
    assert fault_of(other.delete(shell))[1] == 2150858843


def test_given_an_unknown_resource_when_asked_for_then_it_is_not_found(asker):
    uri = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
    root = asker.ask(f"{TRANSFER}/Create", "<rsp:Shell/>", resource=uri)
    subcode, code, message = fault_of(root)
    assert (subcode, code) == ("a:DestinationUnreachable", 2150858752)
    assert f"({uri}) was not found in the WS-Management catalog" in message
    assert root.findtext("s:Header/a:Action", "", NAMES) == f"{NAMES['a']}/fault"


def test_given_a_request_without_its_headers_when_sent_then_the_fault_tells_which_kind(asker):
    found = [
        fault_of(asker.ask("", "")),
        fault_of(asker.ask(f"{TRANSFER}/Create", "", **{"a:MessageID": ""})),
        fault_of(asker.ask(f"{TRANSFER}/Create", "", resource="")),
        fault_of(asker.ask(f"{TRANSFER}/Put", "")),
        fault_of(asker.ask(f"{TRANSFER}/Create", "", resource=CONFIG)),
    ]
    assert [(subcode, code) for subcode, code, _unused in found] == [
        ("a:MessageInformationHeaderRequired", 2150858769),
        ("a:MessageInformationHeaderRequired", 2150858769),
        ("a:DestinationUnreachable", 2150858811),
        ("a:ActionNotSupported", 2150858771),
        ("a:ActionNotSupported", 2150858771),
    ]


@pytest.mark.parametrize(
    "document",
    [
        "",
        "no xml",
        "<a>",
        "<a/>",
        BOMB,
        f'<!DOCTYPE s SYSTEM "file:///etc/hostname"><s:Envelope {DECLARED}><s:Body/></s:Envelope>',
        f"<s:Envelope {DECLARED}><s:Header/></s:Envelope>",
        '<?xml version="1.0" encoding="nonsense"?><a/>',
        "<a>" * 80000,
    ],
)
def test_given_what_is_no_envelope_when_sent_then_it_is_refused(asker, document):
    answer = asker.send(document)
    assert answer.status_code == 500
    assert fault_of(ElementTree.fromstring(answer.content))[:2] == ("w:SchemaValidationError", 2150858817)


def test_given_wrong_elements_when_sent_then_each_is_refused(asker):
    shell = asker.open()
    command = asker.started(shell, "cat")
    found = [
        asker.ask(f"{SHELL}/Command", "<rsp:Nonsense/>", shell),
        asker.ask(f"{SHELL}/Receive", "<rsp:Receive/>", shell),
        asker.feed(shell, command, "not base64!"),
        asker.feed(shell, command, b"x", name="stdout"),
        asker.ask(f"{TRANSFER}/Delete", "", shell, **{"w:OperationTimeout": "soon"}),
        asker.receive(shell, asker.started(shell, "echo"), **{"w:MaxEnvelopeSize": "large"}),
        asker.ask(f"{TRANSFER}/Create", "<rsp:Shell><rsp:IdleTimeOut>P</rsp:IdleTimeOut></rsp:Shell>"),
    ]
    names = ("CommandLine", "DesiredStream", "Stream", "Stream", "OperationTimeout", "MaxEnvelopeSize", "IdleTimeOut")
    for name, root in zip(names, found, strict=True):
        assert f"element {name} that is invalid" in fault_of(root)[2]
    assert {fault_of(root)[1] for root in found} == {2150858817}


def test_given_wrong_values_when_sent_then_windows_finds_the_parameter_incorrect(asker):
    shell = asker.open()
    command = asker.started(shell, "cat")
    asker.feed(shell, command, b"all")
    found = [
        asker.begin(shell, ""),
        asker.begin(shell, "echo", attributes=f'CommandId="{command}"'),
        asker.feed(shell, command, b"more"),
        asker.signal(shell, command, "hurry"),
    ]
    assert [fault_of(root) for root in found] == [("w:InvalidParameter", 87, "The parameter is incorrect. ")] * 4
    assert {root.find(".//f:ProviderFault", NAMES).get("provider") for root in found} == {"Shell cmd plugin"}


@pytest.mark.parametrize("code_page", ["latin", "99999", "-1"])
def test_given_a_code_page_that_is_none_when_a_shell_is_created_then_the_option_is_refused(asker, code_page):
    root = asker.ask(f"{TRANSFER}/Create", "<rsp:Shell/>", options=[("WINRS_CODEPAGE", code_page)])
    assert fault_of(root)[:2] == ("w:InvalidOptions", 2150858835)


def test_given_a_long_command_line_when_run_then_the_limits_of_windows_apply(asker):
    shell, skip = asker.open(), [("WINRS_SKIP_CMD_SHELL", "TRUE")]
    short, long = asker.started(shell, "echo " + "x" * 8186), asker.started(shell, "echo " + "x" * 8187)
    first, second = asker.receive(shell, short), asker.receive(shell, long)
    assert [root.findtext(".//rsp:ExitCode", "", NAMES) for root in (first, second)] == ["0", "1"]
    stderr = base64.b64decode(second.findtext(".//rsp:Stream[@Name='stderr']", "", NAMES))
    assert stderr == b"The command line is too long.\r\n"
    assert asker.started(shell, "echo " + "x" * 32762, skip)
    assert fault_of(asker.begin(shell, "echo " + "x" * 32763, skip))[:2] == ("w:InternalError", 2147942606)


def test_given_an_unknown_program_when_run_without_cmd_then_the_file_is_not_found(asker):
    shell = asker.open()
    found = fault_of(asker.begin(shell, "nonsense.exe", [("WINRS_SKIP_CMD_SHELL", "TRUE")]))
    assert found == ("w:InternalError", 2147942402, "The system cannot find the file specified. ")


def test_given_the_quota_of_shells_when_used_up_then_another_is_refused_until_one_is_deleted(asker):
    shells = [asker.open() for _unused in range(30)]
    assert len(set(shells)) == 30
    subcode, code, message = fault_of(asker.ask(f"{TRANSFER}/Create", "<rsp:Shell/>"))
    assert (subcode, code) == ("w:QuotaLimit", 2150859173)
    assert "This user is allowed a maximum number of 30 concurrent shells" in message
    asker.delete(shells[0])
    assert asker.open()


def test_given_an_idle_shell_when_its_time_is_over_then_it_is_gone(site, asker):
    used, idle = asker.open(), asker.open()
    short = asker.open(content="<rsp:IdleTimeOut>PT60S</rsp:IdleTimeOut>")
    site.world.clock.advance(61)
    assert fault_of(asker.delete(short))[1] == 2150858843
    site.world.clock.advance(7100)
    asker.started(used, "echo")
    site.world.clock.advance(100)
    assert fault_of(asker.delete(idle))[1] == 2150858843
    assert asker.delete(used) is not None


def test_given_a_host_when_it_starts_again_then_its_shells_are_gone(site, asker):
    shells = [asker.open() for _unused in range(30)]
    site.host.booted += timedelta(minutes=5)
    assert fault_of(asker.delete(shells[0]))[1] == 2150858843
    assert asker.open()


def test_given_sessions_when_looked_at_then_they_tell_programs_without_arguments(site, asker):
    secret = "Hidden7"
    shell = asker.open(content=f'<rsp:Environment><rsp:Variable Name="KEY">{secret}</rsp:Variable></rsp:Environment>')
    lines = ("echo {}", "C:\\Windows\\cat.exe {}", '"C:\\My files\\fail.exe" {}', "$x='{}'")
    for line in (line.format(secret) for line in lines):
        asker.begin(shell, line)
    asker.begin(asker.open(), "fail 4 x")
    first, second = site.world.shells.sessions()
    assert first["commands"] == ["echo", "cat.exe", "fail.exe", "?"]
    assert {name: first[name] for name in ("seq", "host", "user", "transport")} == {
        "seq": 1,
        "host": "hv01.contoso.example",
        "user": "CONTOSO\\failback",
        "transport": "basic",
    }
    assert second["exit_code"] == 4
    assert site.world.shells.sessions(since=1) == [second]
    assert secret not in str(site.world.shells.sessions())


def test_given_another_world_when_an_old_shell_is_asked_for_then_it_is_not_found(site, asker):
    shell = asker.open()
    site.locked(lambda world: site.reset())
    assert fault_of(asker.delete(shell))[1] == 2150858843
    assert asker.open()


def test_given_identify_when_asked_with_and_without_account_then_only_the_first_learns_the_version(asker):
    known = asker.send(IDENTIFY)
    asker.session.auth = None
    stranger = asker.send(IDENTIFY, headers={"WSMANIDENTIFY": "unauthenticated"})
    roots = [ElementTree.fromstring(answer.content) for answer in (known, stranger)]
    versions = [root.findtext(".//i:ProductVersion", "", NAMES) for root in roots]
    assert versions == ["OS: 10.0.20348 SP: 0.0 Stack: 3.0", "OS: 0.0.0 SP: 0.0 Stack: 3.0"]
    assert asker.send(IDENTIFY).status_code == 401
    assert asker.send("<a/>", headers={"WSMANIDENTIFY": "unauthenticated"}).status_code == 401
    assert asker.send(BOMB, headers={"WSMANIDENTIFY": "unauthenticated"}).status_code == 401


def test_given_what_is_no_request_of_winrm_when_sent_then_http_says_so(asker):
    url, session = asker.site.url(), asker.session
    answers = [
        session.get(url),
        session.put(url, data="x"),
        session.post(url.replace("wsman", "elsewhere"), data="x"),
        session.post(url, data="x", headers={"Content-Type": "text/plain"}),
        session.post(url, data="x", headers={"Content-Type": 'multipart/encrypted;boundary="b"'}),
        session.post(url, data=b"x" * (500 * 1024 + 1)),
        session.post(url, data=b"x" * (500 * 1024)),
        session.post(url + "/?PSVersion=5.1", data="x"),
    ]
    assert [answer.status_code for answer in answers] == [405, 405, 404, 415, 501, 413, 500, 500]
    assert {answer.headers["Server"] for answer in answers} == {"Microsoft-HTTPAPI/2.0"}
    assert "does not model" in answers[4].text
