# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements are run."""

from __future__ import annotations

from typing import Any

from powershell_subset.errors import RUNTIME, ErrorRecord, Exited, Jumped, Returned, Terminating
from powershell_subset.members.properties import set_index, set_property
from powershell_subset.objects import VOID, NetException, NotModeled, PSEnum
from powershell_subset.operators.arithmetic import calculate
from powershell_subset.operators.comparison import equal
from powershell_subset.running.engine import Emit, Engine, enumerate_into, runs
from powershell_subset.running.expressions import guarded
from powershell_subset.syntax import nodes
from powershell_subset.values.numbers import is_int
from powershell_subset.values.text import to_text, truth
from powershell_subset.values.types import type_of


@runs(nodes.Assignment)
def _assignment(engine: Engine, node: nodes.Assignment, emit: Emit) -> None:
    value = engine.capture(node.value)
    target = node.target
    if isinstance(target, nodes.Variable):
        _assign(engine, node, target.name, value)
    elif isinstance(target, nodes.Member):
        set_property(engine.value(target.target), target.name, None if value is VOID else value)
    elif isinstance(target, nodes.Index):
        set_index(engine.value(target.target), engine.value(target.index), None if value is VOID else value)
    engine.succeeded = True


def _assign(engine: Engine, node: nodes.Assignment, name: str, value: Any) -> None:
    cell = engine.frame.scope.cells.get(name.lower())
    if cell is not None and cell.typed:
        raise NotModeled(f"the assignment to ${name}, whose type is declared")
    if node.operator != "=":
        before, added = engine.value(node.target), None if value is VOID else value
        value = guarded(engine, node.span, calculate, node.operator[0], before, added)
    if name.lower() != "null":
        engine.frame.scope.set(name, value)


@runs(nodes.If)
def _if(engine: Engine, node: nodes.If, emit: Emit) -> None:
    for condition, body in node.clauses:
        if truth(engine.capture(condition)):
            engine.run_block(body, emit)
            return
    if node.otherwise is not None:
        engine.run_block(node.otherwise, emit)


def _turn(engine: Engine, body: nodes.Block, emit: Emit) -> bool:
    """One turn of a loop; False: it was the last one."""
    try:
        engine.run_block(body, emit)
    except Jumped as jump:
        return jump.keyword == "continue"
    return True


@runs(nodes.ForEach)
def _foreach(engine: Engine, node: nodes.ForEach, emit: Emit) -> None:
    value = engine.capture(node.items)
    items: list[Any] = []
    if value is not None:
        enumerate_into(value, items.append)
    for item in items:
        engine.frame.scope.set(node.variable.name, item)
        if not _turn(engine, node.body, emit):
            return


def check_subject(value: Any) -> None:
    """See that the subset has ``switch`` on a value.

    Raises:
        NotModeled: it has not.
    """
    if not isinstance(value, (str, PSEnum)):
        raise NotModeled(f"switch on {type_of(value)}")


def check_exit(value: Any) -> None:
    """The same of ``exit``."""
    if not is_int(value) or value < 0:
        raise NotModeled(f"exit with {type_of(value)}")


def check_thrown(value: Any) -> None:
    """The same of ``throw`` of anything but an error."""
    if not isinstance(value, str):
        raise NotModeled(f"throw with {type_of(value)}")


@runs(nodes.Switch)
def _switch(engine: Engine, node: nodes.Switch, emit: Emit) -> None:
    """All clauses that fit are run, until one says ``break``."""
    subject = engine.value(node.subject)
    check_subject(subject)
    fitting = [body for text, body in node.clauses if equal(to_text(subject), text)]
    for body in fitting or ([node.otherwise] if node.otherwise else []):
        with engine.item(subject):
            if not _turn(engine, body, emit):
                return


@runs(nodes.Try)
def _try(engine: Engine, node: nodes.Try, emit: Emit) -> None:
    try:
        _guarded_body(engine, node, emit)
    finally:
        if node.last is not None:
            engine.run_block(node.last, emit)


def _guarded_body(engine: Engine, node: nodes.Try, emit: Emit) -> None:
    frame = engine.frame
    around, frame.in_try = frame.in_try, True
    try:
        engine.run_block(node.body, emit)
    except Terminating as error:
        frame.in_try = around
        if node.handler is None:
            raise
        with engine.item(error.record):
            engine.run_block(node.handler, emit)
    finally:
        frame.in_try = around


@runs(nodes.Function)
def _function(engine: Engine, node: nodes.Function, emit: Emit) -> None:
    engine.frame.scope.functions[node.name.lower()] = node


@runs(nodes.Jump)
def _jump(engine: Engine, node: nodes.Jump, emit: Emit) -> None:
    if node.keyword in ("break", "continue"):
        raise Jumped(node.keyword)
    if node.keyword == "return":
        if node.value is not None:
            engine.run(node.value, emit)
        raise Returned
    value = None if node.value is None else engine.value(node.value)
    if node.keyword == "throw":
        raise engine.fail(_thrown(engine, value, again=node.value is None), node.span)
    if node.value is not None:
        check_exit(value)
    raise Exited(value or 0)


def _thrown(engine: Engine, value: Any, *, again: bool) -> Terminating:
    caught = engine.frame.scope.find("_")
    if again:
        value = caught.value if caught and isinstance(caught.value, ErrorRecord) else None
    if isinstance(value, ErrorRecord):
        return Terminating(value, thrown=True)
    check_thrown(value)
    return Terminating(ErrorRecord(NetException(value, RUNTIME), value, "OperationStopped", value), thrown=True)
