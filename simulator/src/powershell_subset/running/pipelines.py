# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pipelines are put together and run."""

from __future__ import annotations

from functools import partial

from powershell_subset.errors import Satisfied, Terminating, runtime_error
from powershell_subset.interface import Answer, Command
from powershell_subset.objects import NotModeled, ScriptBlock
from powershell_subset.running.arguments import evaluated
from powershell_subset.running.engine import EVALUATE, Emit, Engine, enumerate_into, runs
from powershell_subset.running.functions import AnsweringStage, ScriptStage
from powershell_subset.running.stages import RegisteredStage, Stage, find_command
from powershell_subset.source import Span
from powershell_subset.syntax.nodes import Command as CommandNode
from powershell_subset.syntax.nodes import Function, Node, Pipeline
from powershell_subset.values.text import to_text
from powershell_subset.values.types import AUTOMATION

NOT_FOUND = (
    "The term '{}' is not recognized as the name of a cmdlet, function, script file, or operable program. "
    "Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
)
NO_MODULE = "The module '{0}' could not be loaded. For more information, run 'Import-Module {0}'."


@runs(Pipeline)
def _pipeline(engine: Engine, node: Pipeline, emit: Emit) -> None:
    if node.expression is None:
        _run_commands(engine, node, emit)
        return
    enumerate_into(EVALUATE[type(node.expression)](engine, node.expression), emit)
    engine.succeeded = True


def _run_commands(engine: Engine, node: Pipeline, emit: Emit) -> None:
    stages = [_stage(engine, element) for element in node.elements]
    for number, stage in enumerate(stages):
        stage.fed = number > 0
        following = stages[number + 1] if number + 1 < len(stages) else None
        stage.emit = _entering(following) if following else emit
    for stage, element in zip(stages, node.elements, strict=True):
        if isinstance(element, CommandNode):
            stage.prepare(evaluated(engine, element.arguments))
    _run(stages)
    engine.succeeded = not any(stage.failed for stage in stages)


class _Head(Stage):
    """An expression that feeds a pipeline."""

    def __init__(self, engine: Engine, node: Node) -> None:
        super().__init__(engine, Span(0, 0))
        self._node = node

    def end(self) -> None:
        """Give its value."""
        enumerate_into(EVALUATE[type(self._node)](self.engine, self._node), self.emit)


def _entering(stage: Stage) -> Emit:
    return partial(stage.inside, stage.process)


def _run(stages: list[Stage]) -> None:
    for stage in stages:
        stage.inside(stage.begin)
    ended = -1
    for number, stage in enumerate(stages):
        if number <= ended:
            continue
        try:
            stage.inside(stage.end)
        except Satisfied as done:
            if done.stage not in stages:
                raise
            ended = max(number, stages.index(done.stage) - 1)


def _stage(engine: Engine, node: Node) -> Stage:
    if not isinstance(node, CommandNode):
        return _Head(engine, node)
    target = engine.value(node.name)
    if isinstance(target, ScriptBlock) and isinstance(target.body, Answer):
        return AnsweringStage(engine, target.body, node.span)
    if isinstance(target, ScriptBlock):
        return ScriptStage(engine, target, node.span)
    if not isinstance(target, str) or not target:
        raise NotModeled("& before anything but a name or a script block")
    return _named(engine, node, target)


def _named(engine: Engine, node: CommandNode, name: str) -> Stage:
    found = find_command(engine, name)
    if found is None:
        raise engine.fail(not_found(engine, name), node.name_span)
    if isinstance(found, Function):
        return ScriptStage(engine, found, node.span)
    return RegisteredStage(engine, found, node.span) if isinstance(found, Command) else found(engine, node.span)


def not_found(engine: Engine, name: str) -> Terminating:
    """The error for a command that other hosts have.

    Raises:
        NotModeled: nothing is known of it.
    """
    module, _backslash, bare = name.rpartition("\\")
    if bare.lower() not in engine.machine.absent:
        raise NotModeled(f"the command {to_text(name)}")
    message, error_id = (NO_MODULE, "CouldNotAutoLoadModule") if module else (NOT_FOUND, "CommandNotFoundException")
    kind = f"{AUTOMATION}CommandNotFoundException"
    error = runtime_error(message.format(module or name), error_id, "ObjectNotFound", name, kind)
    error.record.prefix = name
    return error
