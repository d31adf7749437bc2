# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements are run."""

from __future__ import annotations

import re
from typing import Any

from powershell_subset.errors import (
    RUNTIME,
    ErrorRecord,
    Exited,
    Jumped,
    Returned,
    Terminating,
)
from powershell_subset.objects import VOID, NetException
from powershell_subset.operators.comparison import equal
from powershell_subset.operators.patterns import like_pattern, pattern_of
from powershell_subset.running.assignment import assign
from powershell_subset.running.engine import Emit, Engine, enumerate_into, runs
from powershell_subset.running.variables import scope_for_functions
from powershell_subset.syntax.nodes import ScriptBlockLiteral
from powershell_subset.syntax.structure import (
    Assignment,
    Block,
    For,
    ForEach,
    Function,
    If,
    Jump,
    Loop,
    Switch,
    Try,
)
from powershell_subset.values.cast import to_integer
from powershell_subset.values.text import to_text, truth
from powershell_subset.values.types import full_name, is_exception


@runs(Assignment)
def _assignment(engine: Engine, node: Assignment, emit: Emit) -> None:
    assign(engine, node)
    engine.succeeded = True


@runs(Block)
def _block(engine: Engine, node: Block, emit: Emit) -> None:
    engine.run_block(node, emit)


@runs(If)
def _if(engine: Engine, node: If, emit: Emit) -> None:
    for condition, body in node.clauses:
        if truth(engine.capture(condition)):
            engine.run_block(body, emit)
            return
    if node.otherwise is not None:
        engine.run_block(node.otherwise, emit)


def _turn(engine: Engine, body: Block, label: str, emit: Emit) -> bool:
    """One turn of a loop; False: it was the last one."""
    try:
        engine.run_block(body, emit)
    except Jumped as jump:
        if jump.label and jump.label != label:
            raise
        return jump.keyword == "continue"
    return True


@runs(ForEach)
def _foreach(engine: Engine, node: ForEach, emit: Emit) -> None:
    value = engine.capture(node.items)
    if value is None or value is VOID:
        return
    items: list[Any] = []
    enumerate_into(value, items.append)
    for item in items:
        engine.frame.scope.set(node.variable.name, item)
        if not _turn(engine, node.body, node.label, emit):
            return


@runs(For)
def _for(engine: Engine, node: For, emit: Emit) -> None:
    if node.first is not None:
        engine.collect(node.first)
    while node.condition is None or truth(engine.capture(node.condition)):
        if not _turn(engine, node.body, node.label, emit):
            return
        if node.each is not None:
            engine.collect(node.each)


@runs(Loop)
def _loop(engine: Engine, node: Loop, emit: Emit) -> None:
    first = node.body_first
    while first or truth(engine.capture(node.condition)) != node.until:
        first = False
        if not _turn(engine, node.body, node.label, emit):
            return


@runs(Switch)
def _switch(engine: Engine, node: Switch, emit: Emit) -> None:
    subjects: list[Any] = []
    enumerate_into(engine.capture(node.subject), subjects.append)
    for subject in subjects:
        if not _switched(engine, node, subject, emit):
            return


def _switched(engine: Engine, node: Switch, subject: Any, emit: Emit) -> bool:
    """One value; False: it was the last one."""
    try:
        with engine.item(subject):
            _clauses(engine, node, subject, emit)
    except Jumped as jump:
        if jump.label and jump.label != node.label:
            raise
        return jump.keyword == "continue"
    return True


def _clauses(engine: Engine, node: Switch, subject: Any, emit: Emit) -> None:
    matched = False
    for condition, body in node.clauses:
        if condition is not None and _meets(engine, node, subject, condition):
            matched = True
            engine.run_block(body, emit)
    if not matched:
        for condition, body in node.clauses:
            if condition is None:
                engine.run_block(body, emit)


def _meets(engine: Engine, node: Switch, subject: Any, condition: Any) -> bool:
    if isinstance(condition, ScriptBlockLiteral):
        found: list[Any] = []
        engine.run_block(condition.body.end or Block(()), found.append)
        return truth(found)
    wanted = engine.value(condition)
    flags = 0 if node.case_sensitive else re.IGNORECASE
    if node.mode == "regex":
        return pattern_of(to_text(wanted), flags).search(to_text(subject)) is not None
    if node.mode == "wildcard":
        return like_pattern(to_text(wanted), flags).fullmatch(to_text(subject)) is not None
    return _same(subject, wanted, case_sensitive=node.case_sensitive)


def _same(subject: Any, wanted: Any, *, case_sensitive: bool) -> bool:
    if isinstance(wanted, str) or isinstance(subject, str):
        left, right = to_text(subject), to_text(wanted)
        return left == right if case_sensitive else left.lower() == right.lower()
    return equal(subject, wanted)


@runs(Try)
def _try(engine: Engine, node: Try, emit: Emit) -> None:
    frame = engine.frame
    around = frame.in_try
    try:
        try:
            frame.in_try = True
            engine.run_block(node.body, emit)
        except Terminating as error:
            frame.in_try = around
            engine.note(error.record)
            _handle(engine, node, error, emit)
        finally:
            frame.in_try = around
    finally:
        if node.last is not None:
            engine.run_block(node.last, emit)


def _handle(engine: Engine, node: Try, error: Terminating, emit: Emit) -> None:
    for clause in node.catches:
        if not clause.types or any(_catches(name, error.record) for name in clause.types):
            with engine.item(error.record):
                engine.run_block(clause.body, emit)
            return
    raise error


def _catches(name: str, record: ErrorRecord) -> bool:
    wanted = full_name(name).lower()
    exception: NetException | None = record.exception
    while exception is not None:
        if is_exception(exception.type_name.lower(), wanted):
            return True
        exception = exception.inner
    return False


@runs(Function)
def _function(engine: Engine, node: Function, emit: Emit) -> None:
    scope, name = scope_for_functions(engine, node.name)
    scope.functions[name.lower()] = node


@runs(Jump)
def _jump(engine: Engine, node: Jump, emit: Emit) -> None:
    if node.keyword in ("break", "continue"):
        label = "" if node.value is None else to_text(engine.value(node.value))
        raise Jumped(node.keyword, label)
    if node.keyword == "return":
        if node.value is not None:
            engine.run(node.value, emit)
        raise Returned
    value = None if node.value is None else engine.capture(node.value)
    if node.keyword == "exit":
        raise Exited(int(to_integer(value, "Int32")))
    raise engine.fail(_thrown(engine, None if value is VOID else value), node.span)


def _thrown(engine: Engine, value: Any) -> Terminating:
    if value is None:
        caught = engine.frame.scope.find("_")
        if caught is not None and isinstance(caught.value, ErrorRecord):
            return Terminating(caught.value, thrown=True)
        value = "ScriptHalted"
    if isinstance(value, ErrorRecord):
        return Terminating(value, thrown=True)
    if isinstance(value, NetException):
        return Terminating(ErrorRecord(value, value.message, "OperationStopped"), thrown=True)
    message = to_text(value)
    record = ErrorRecord(NetException(message, RUNTIME), message, "OperationStopped", value)
    return Terminating(record, thrown=True)
