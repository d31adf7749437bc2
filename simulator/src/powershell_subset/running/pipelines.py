# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pipelines are put together and run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from powershell_subset.errors import Satisfied, Terminating, runtime_error
from powershell_subset.interface import Command
from powershell_subset.objects import DotNetType, NotModelled, PSObject, ScriptBlock
from powershell_subset.running.arguments import evaluated
from powershell_subset.running.engine import Emit, Engine, enumerate_into, runs
from powershell_subset.running.functions import ScriptStage
from powershell_subset.running.scopes import Frame
from powershell_subset.running.stages import ALIASES, CMDLETS, Cmdlet, RegisteredStage, Stage
from powershell_subset.running.unmodelled import is_unmodelled
from powershell_subset.syntax.nodes import Step
from powershell_subset.syntax.structure import CommandNode, ExpressionElement, Pipeline, Redirection
from powershell_subset.values.cast import CastError
from powershell_subset.values.text import to_text

NOT_FOUND = (
    "The term '{}' is not recognized as the name of a cmdlet, function, script file, or operable program. "
    "Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
)
COMMAND_NOT_FOUND = "System.Management.Automation.CommandNotFoundException"


def _drop(item: Any) -> None:
    """Where redirected objects go."""


@runs(Pipeline)
def _pipeline(engine: Engine, node: Pipeline, emit: Emit) -> None:
    first = node.elements[0]
    if len(node.elements) == 1 and isinstance(first, ExpressionElement) and not first.redirections:
        _expression(engine, first, emit)
        engine.succeeded = True
        return
    stages = _stages(engine, node)
    _connect(stages, node, emit)
    _run(engine, first, stages)
    engine.succeeded = not any(stage.failed for stage in stages)


def _expression(engine: Engine, element: ExpressionElement, emit: Emit) -> None:
    value = engine.raw(element.expression)
    if not isinstance(element.expression, Step):
        enumerate_into(value, emit)


def _stages(engine: Engine, node: Pipeline) -> list[Stage]:
    stages: list[Stage] = []
    for number, element in enumerate(node.elements):
        if isinstance(element, CommandNode):
            stage = stage_of(engine, element, _redirected(engine, element.redirections))
            stage.fed = number > 0
            stages.append(stage)
        else:
            stages.append(Head(engine, element, _redirected(engine, element.redirections)))
    for stage, element in zip(stages, node.elements, strict=True):
        if isinstance(element, CommandNode):
            arguments = evaluated(engine, element.arguments)
            try:
                stage.prepare(arguments)
            except Terminating as error:
                raise stage.failure(error) from None
    return stages


class Head(Stage):
    """An expression that feeds a pipeline."""

    def __init__(self, engine: Engine, element: ExpressionElement, frame: Frame) -> None:
        super().__init__(engine, "", frame, element.span)
        self._element = element

    def _end(self) -> None:
        _expression(self.engine, self._element, self.emit)


def _connect(stages: list[Stage], node: Pipeline, emit: Emit) -> None:
    for number, stage in enumerate(stages):
        following = emit if number + 1 == len(stages) else _entering(stages[number + 1])
        redirections = node.elements[number].redirections
        stage.emit = _drop if any(each.target and each.stream in "1*" for each in redirections) else following
        if any(each.target is None for each in redirections):
            stage.frame.errors_to = stage.emit


def _entering(stage: Stage) -> Emit:
    def process(item: Any) -> None:
        with stage.inside(), _converting(stage):
            stage.process(item)

    return process


def _redirected(engine: Engine, redirections: tuple[Redirection, ...]) -> Frame:
    frame = engine.frame.inner()
    for each in redirections:
        if each.target is None:
            if each.stream != "2" or each.into != "1":
                raise NotModelled(f"the redirection {each.stream}>&{each.into}")
        elif engine.value(each.target) is not None:
            raise NotModelled("a redirection into a file")
        elif each.stream in "2*":
            frame.errors_to = _drop
    return frame


def _run(engine: Engine, first: Any, stages: list[Stage]) -> None:
    for stage in stages:
        _step(engine, stage, stage.begin)
    ended = -1
    for number, stage in enumerate(stages):
        if number <= ended:
            continue
        try:
            _step(engine, stage, stage.end)
        except Satisfied as done:
            if done.stage not in stages:
                raise
            later = stages.index(done.stage)
            ended = max(number, later - 1)


def _step(engine: Engine, stage: Stage, action: Callable[[], None]) -> None:
    with stage.inside(), _converting(stage):
        action()


@contextmanager
def _converting(stage: Stage) -> Iterator[None]:
    """The words for a parameter's value of another type depend on the parameter's type."""
    try:
        yield
    except CastError as error:
        raise NotModelled(f"{stage.name} with a value of another type ({error})") from None


def stage_of(engine: Engine, node: CommandNode, frame: Frame) -> Stage:
    """The stage that runs a command.

    Raises:
        Terminating: there is no such command.
    """
    target = engine.value(node.name)
    if isinstance(target, ScriptBlock):
        return ScriptStage(engine, "", target.body, frame, node.span, dot_sourced=node.invocation == ".")
    if isinstance(target, PSObject) and target.type_name.endswith("Info") and "Name" in target:
        target = target["Name"]
    if not isinstance(target, str):
        raise _not_a_command(engine, node, target)
    name = to_text(target)
    if not name:
        message = "The expression after '&' in a pipeline element produced an object that was not valid. "
        message += "It must result in a command name, a script block, or a CommandInfo object."
        raise engine.fail(runtime_error(message, "BadExpression"), node.span)
    return _named(engine, node, name, frame)


def _not_a_command(engine: Engine, node: CommandNode, target: Any) -> Terminating:
    if isinstance(target, DotNetType):
        raise NotModelled("a type as a command")
    message = f"The expression after '{node.invocation or '&'}' in a pipeline element produced an object that was not "
    message += "valid. It must result in a command name, a script block, or a CommandInfo object."
    return engine.fail(runtime_error(message, "BadExpression"), node.span)


def _named(engine: Engine, node: CommandNode, name: str, frame: Frame) -> Stage:
    function = engine.frame.scope.function(name)
    if function is not None and name.lower() not in ALIASES:
        dotted = node.invocation == "."
        return ScriptStage(engine, function.name, function.body, frame, node.span, dot_sourced=dotted)
    found = command_named(engine, name)
    if found is None and is_unmodelled(name):
        raise NotModelled(f"the command {name}")
    if found is None and any(each.stream in "2*" for each in node.redirections):
        raise NotModelled("what becomes of the error of a command that is not there when it is redirected")
    if found is None:
        raise engine.fail(not_found(name), node.name_span)
    if isinstance(found, Command):
        return RegisteredStage(engine, found, frame, node.span)
    return found(engine, frame, node.span)


def command_named(engine: Engine, name: str) -> Command | type[Cmdlet] | None:
    """The cmdlet that a name means: an alias, one with its module before it, or a noun that Get- belongs to."""
    module, _backslash, bare = name.rpartition("\\")
    full = (bare if module else ALIASES.get(bare.lower(), bare)).lower()
    for candidate in (full, "get-" + full):
        found = CMDLETS.get(candidate) or engine.commands.get(candidate)
        if found is not None and module.lower() in ("", found.module.lower()):
            return found
    return None


def not_found(name: str) -> Terminating:
    """The error for a command that is not there."""
    error = runtime_error(NOT_FOUND.format(name), "CommandNotFoundException", "ObjectNotFound", name, COMMAND_NOT_FOUND)
    error.record.prefix = name
    return error
