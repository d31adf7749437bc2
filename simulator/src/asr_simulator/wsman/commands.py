# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a command line begins and ends: the limits of Windows, and when a command has all that it needs to run."""

from __future__ import annotations

import re

from asr_simulator.fibers import Fiber
from asr_simulator.wsman import faults
from asr_simulator.wsman.calls import Call
from asr_simulator.wsman.shells import Command, Shell

# What cmd.exe takes, and what CreateProcess takes; in characters.
MOST_OF_CMD = 8191
MOST_OF_PROCESS = 32767
ENDED_EARLY = "Windows PowerShell terminated with this error:\r\nNot enough memory resources are available.\r\n"
_PROGRAM = re.compile(r'\s*(?:"([^"]*)"|(\S+))')
_PLAIN = re.compile(r"[\w.-]{1,64}")


def begin(call: Call, shell: Shell, command_id: str, line: str, skips_cmd: bool) -> Command:
    """Begin a command line; it runs at once unless it reads its input.

    Raises:
        Fault: the line is too long, or names a program that is not there, and no cmd.exe is there to say so.
    """
    if skips_cmd and len(line) > MOST_OF_PROCESS:
        raise faults.command_line_too_long()
    remoting = call.peer.host.remoting
    if remoting.blocked:
        raise faults.program_blocked(remoting.blocked)
    if skips_cmd and not call.world.runner.knows_program(line):
        raise faults.program_not_found()
    command = Command((command_id or call.shells.fresh_id("command")).upper(), line)
    if command.id in shell.commands:
        raise faults.parameter_incorrect()
    shell.commands[command.id] = command
    shell.session["commands"].append(program_of(line))
    if not skips_cmd and len(line) > MOST_OF_CMD:
        _finish(shell, command, "", "The command line is too long.\r\n", 1)
    elif remoting.pipe_ends:
        _finish(shell, command, "", ENDED_EARLY, 1)
    elif not call.world.runner.reads_input(line):
        _run(call, shell, command)
    return command


def feed(call: Call, shell: Shell, command: Command, data: bytes, is_last: bool) -> None:
    """Give a command more input. The last of it makes the command run, if that has waited for it.

    Raises:
        Fault: its input has ended before.
    """
    if call.peer.host.remoting.pipe_ends:
        raise faults.pipe_ended()
    if command.input_ended:
        raise faults.parameter_incorrect()
    command.stdin += data
    command.input_ended = is_last
    if is_last and command.exit_code is None:
        _run(call, shell, command)


def interrupt(shell: Shell, command: Command, exit_code: int) -> None:
    """End a command that still waits for input, or runs."""
    if command.exit_code is None:
        command.kill()
        _finish(shell, command, "", "", exit_code)


def program_of(line: str) -> str:
    """The program that a command line names, without its path; ``?`` where that is no plain name."""
    found = _PROGRAM.match(line)
    name = (found.group(1) or found.group(2) or "") if found else ""
    name = re.split(r"[\\/]", name)[-1]
    return name if _PLAIN.fullmatch(name) else "?"


def _run(call: Call, shell: Shell, command: Command) -> None:
    """Run a command until it ends or blocks; then it goes on by itself when simulated time has come."""
    stdin, environment, clock = bytes(command.stdin), shell.settings.environment, call.world.clock

    def live(fiber: Fiber) -> None:
        def pause(seconds: float) -> None:
            clock.after(seconds, fiber.resume)
            fiber.pause()

        done = call.world.runner.run(call.peer.host, command.line, stdin, environment, pause)
        shell.session["is_whole"] = done.is_whole
        _finish(shell, command, done.stdout, done.stderr, done.exit_code)

    command.fiber = Fiber(live)
    command.fiber.resume()


def _finish(shell: Shell, command: Command, stdout: str, stderr: str, exit_code: int) -> None:
    """What the code page does not have becomes a question mark, as in a Windows console."""
    encoding = shell.settings.encoding
    command.finish(stdout.encode(encoding, "replace"), stderr.encode(encoding, "replace"), exit_code)
    command.stdin.clear()
    shell.session["exit_code"] = exit_code
