# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a script is outside the subset, as far as that can be seen before anything of it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from powershell_subset.constants import UNTOLD, Constants
from powershell_subset.interface import Call
from powershell_subset.interface import Command as HostCommand
from powershell_subset.members.methods import METHOD_NAMES, static_method, static_value
from powershell_subset.objects import NotModeled
from powershell_subset.running.arguments import MISSING, bind, resolve
from powershell_subset.running.engine import Engine
from powershell_subset.running.functions import PIPED, TYPES
from powershell_subset.running.pipelines import not_found
from powershell_subset.running.stages import check_common, check_mandatory, find_command, signature_of
from powershell_subset.running.statements import check_exit, check_subject, check_thrown
from powershell_subset.syntax import nodes, parse
from powershell_subset.values.cast import cast_to

# Variables that PowerShell itself sets, and that nothing stands behind here.
_AUTOMATIC = """
args confirmpreference consolefilename debugpreference enabledexperimentalfeatures error errorview event eventargs
eventsubscriber foreach formatenumerationlimit home host informationpreference iscoreclr islinux
ismacos iswindows matches maximumhistorycount myinvocation nestedpromptlevel ofs outputencoding pid profile
psboundparameters pscmdlet pscommandpath psculture psdebugcontext psdefaultparametervalues psedition psemailserver
pshome psitem psscriptroot pssenderinfo pssessionapplicationname pssessionconfigurationname pssessionoption psstyle
psuiculture pwd sender shellid sourceargs sourceeventargs stacktrace switch this verbosepreference warningpreference
whatifpreference
"""
AUTOMATIC = frozenset(_AUTOMATIC.split())
READ_ONLY = frozenset(("true", "false", "input", "_", "psversiontable", "lastexitcode", "executioncontext"))
# Words that are aliases in Windows PowerShell 5.1: a function of that name would never be called.
_ALIASES = """
ac asnp cat cd chdir clc clear clhy cli clp cls clv cnsn compare copy cp cpi cpp curl cvpa dbp del diff dir dnsn ebp
echo epal epcsv epsn erase etsn exsn fc fhx fl foreach ft fw gal gbp gc gci gcb gcm gcs gdr ghy gi gjb gl gm gmo gp
gps gpv group gsn gsnp gsv gtz gu gv gwmi h history icm iex ihy ii ipal ipcsv ipmo ipsn irm ise iwmi iwr kill lp ls
man md measure mi mount move mp mv nal ndr ni nmo npssc nsn nv ogv oh popd ps pushd pwd r rbp rcjb rcsn rd rdr ren ri
rjb rm rmdir rmo rni rnp rp rsn rsnp rujb rv rvpa rwmi sajb sal saps sasv sbp sc scb select set shcm si sl sleep sls
sort sp spjb spps spsv start stz sujb sv swmi tee trcm type wget where wjb write
"""
ALIASES = frozenset(_ALIASES.split())


@dataclass(frozen=True)
class _Place:
    """Where a node stands: in a loop or a switch, in a handler, in a finally block, in a block of its own."""

    around: str = ""
    in_handler: bool = False
    in_finally: bool = False
    in_block: bool = False


@dataclass(frozen=True)
class _Use:
    """A command in a script, by its name, with its arguments as far as the text tells them; `fed`: behind a ``|``."""

    name: str
    arguments: tuple[tuple[str, Any], ...]
    fed: bool


@dataclass(frozen=True)
class _Outline:
    """What of a script does not depend on where it runs: its functions, its commands up to the first part that is
    outside the subset, and the words about that part."""

    functions: dict[str, nodes.Function]
    commands: tuple[_Use, ...]
    outside: str


def check(engine: Engine, text: str) -> None:
    """See that a script is within the subset.

    Raises:
        NotModeled: it is not; the text names what is outside.
    """
    outline = _outline(text)
    for use in outline.commands:
        _command(engine, outline.functions, use)
    if outline.outside:
        raise NotModeled(outline.outside)


# Each look at a host runs the same scripts.
@lru_cache(maxsize=256)
def _outline(text: str) -> _Outline:
    body = parse(text)
    functions = {node.name.lower(): node for node in every_node(body) if isinstance(node, nodes.Function)}
    check_of_all = _Check()
    outside = ""
    try:
        check_of_all.node(body, _Place())
    except NotModeled as refusal:
        outside = str(refusal)
    return _Outline(functions, tuple(check_of_all.commands), outside)


def every_node(node: nodes.Node) -> Iterator[nodes.Node]:
    """A part of a script and all below it."""
    yield node
    for child in _children(node):
        yield from every_node(child)


def _children(node: nodes.Node) -> Iterator[nodes.Node]:
    for each in fields(node):
        yield from _nodes_in(getattr(node, each.name))


def _nodes_in(value: Any) -> Iterator[nodes.Node]:
    if isinstance(value, nodes.Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes_in(item)


class _Check:
    """Goes through the tree of a script, and keeps its commands."""

    def __init__(self) -> None:
        self.commands: list[_Use] = []
        self._constants = Constants()
        self._fed: set[nodes.Node] = set()

    def node(self, node: nodes.Node, place: _Place) -> None:
        """See that a node is within the subset, and all below it."""
        if isinstance(node, nodes.Command):
            self._command(node)
        elif isinstance(node, nodes.Pipeline):
            self._fed.update(node.elements[1:])
        elif isinstance(node, nodes.Jump):
            _jump(node, place)
            self._leaving(node)
        elif isinstance(node, nodes.Variable):
            _variable(node, place)
        else:
            _simple(node)
        if isinstance(node, nodes.HashLiteral):
            self._constants.check_table(node)
        elif isinstance(node, nodes.Switch) and self._constants.value(node.subject) is not UNTOLD:
            check_subject(self._constants.value(node.subject))
        else:
            self._constants.value(node)
        for child in _children(node):
            if isinstance(child, nodes.Assignment) and not isinstance(node, nodes.Block):
                raise NotModeled("the value of an assignment")
            self.node(child, _inside(node, child, place))

    def _command(self, node: nodes.Command) -> None:
        if isinstance(node.name, nodes.Constant):
            arguments = tuple(self._argument(each) for each in node.arguments)
            self.commands.append(_Use(str(node.name.value), arguments, node in self._fed))

    def _argument(self, node: nodes.Node) -> tuple[str, Any]:
        if not isinstance(node, nodes.NamedArgument):
            return "", self._constants.value(node)
        return node.name, MISSING if node.value is None else self._constants.value(node.value)

    def _leaving(self, node: nodes.Jump) -> None:
        value = self._constants.value(node.value)
        if value is not UNTOLD and node.keyword in ("throw", "exit"):
            (check_thrown if node.keyword == "throw" else check_exit)(value)


def _command(engine: Engine, functions: Mapping[str, nodes.Function], use: _Use) -> None:
    known = functions.get(use.name.lower()) or find_command(engine, use.name)
    if known is None:
        not_found(engine, use.name)
        return
    signature = signature_of(known)
    for name in (name for name, _value in use.arguments if name):
        resolve(signature, name)
    if use.fed and isinstance(known, nodes.Function):
        raise NotModeled(PIPED)
    bound = bind(signature, list(use.arguments))
    check_common({name: value for name, value in bound.common.items() if value is not UNTOLD})
    if isinstance(known, HostCommand):
        check_mandatory(known, bound.values)
        _foresee(engine, known, bound.values)


def _foresee(engine: Engine, command: HostCommand, given: Mapping[str, Any]) -> None:
    if command.foresee is not None:
        told = {name: value for name, value in given.items() if value is not UNTOLD}
        untold = frozenset(given) - frozenset(told)
        call = Call(command.name, told, [], engine.machine.now, lambda error: None)
        command.foresee(call, untold)


def _inside(node: nodes.Node, child: nodes.Node, place: _Place) -> _Place:
    if isinstance(node, nodes.Try) and child is node.handler:
        return replace(place, in_handler=True)
    if isinstance(node, nodes.Try) and child is node.last:
        return replace(place, in_finally=True)
    if isinstance(node, (nodes.ScriptBlockLiteral, nodes.Function)):
        return _Place(in_block=True)
    if isinstance(node, nodes.ForEach):
        return replace(place, around="loop")
    return replace(place, around="switch") if isinstance(node, nodes.Switch) else place


def _jump(node: nodes.Jump, place: _Place) -> None:
    if place.in_finally and node.keyword != "throw":
        raise NotModeled(f"{node.keyword} in a finally block")
    if node.keyword == "throw" and node.value is None and not place.in_handler:
        raise NotModeled("throw without a value outside catch")
    if node.keyword in ("break", "continue") and not place.around:
        raise NotModeled(f"{node.keyword} outside a loop")
    if node.keyword == "continue" and place.around == "switch":
        raise NotModeled("continue in switch")


def _variable(node: nodes.Variable, place: _Place) -> None:
    name = node.name.lower()
    if name in AUTOMATIC and not node.environment:
        raise NotModeled(f"the variable ${node.name}")
    if name == "input" and place.in_block:
        raise NotModeled("$input of a script block or a function")


def _simple(node: nodes.Node) -> None:
    if isinstance(node, nodes.Assignment):
        _assignment(node)
    elif isinstance(node, nodes.Cast):
        if node.type_name.lower() != "ordered" or not isinstance(node.value, nodes.HashLiteral):
            cast_to(node.type_name)
    elif isinstance(node, nodes.StaticCall):
        static_method(node.type_name, node.name, len(node.arguments))
    elif isinstance(node, nodes.StaticMember):
        static_value(node.type_name, node.name)
    elif isinstance(node, nodes.MethodCall) and node.name.lower() not in METHOD_NAMES:
        raise NotModeled(f"the method {node.name}()")
    elif isinstance(node, (nodes.Function, nodes.Parameter, nodes.ForEach)):
        _declaration(node)


def _assignment(node: nodes.Assignment) -> None:
    target = node.target
    targets = (nodes.Variable, nodes.Member, nodes.Index) if node.operator == "=" else nodes.Variable
    if not isinstance(target, targets):
        raise NotModeled("an assignment to anything but a variable, a property or an element")
    if isinstance(target, nodes.Variable):
        _writable(target.name, environment=target.environment)


def _declaration(node: nodes.Function | nodes.Parameter | nodes.ForEach) -> None:
    if isinstance(node, nodes.Function) and node.name.lower() in ALIASES:
        raise NotModeled(f"a function with the name of an alias, {node.name}")
    if isinstance(node, nodes.Parameter) and node.type_name and node.type_name.lower() not in TYPES:
        raise NotModeled(f"a parameter of the type [{node.type_name}]")
    if not isinstance(node, nodes.Function):
        _writable(node.name if isinstance(node, nodes.Parameter) else node.variable.name)


def _writable(name: str, *, environment: bool = False) -> None:
    if environment or name.lower() in READ_ONLY | AUTOMATIC:
        raise NotModeled(f"the assignment to ${'env:' if environment else ''}{name}")
