# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: ``asr-simulator serve``, ``asr-simulator scenarios``, ``asr-simulator verify``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from asr_simulator.clock import FASTEST
from asr_simulator.connection import CONNECTION
from asr_simulator.scenarios import ScenarioError, load, shipped
from asr_simulator.server import Simulator
from asr_simulator.verification import verify
from asr_simulator.verify.exchanges import Unreadable
from asr_simulator.verify.report import lines_of

MOST_PORTS = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0, 1 when a recording differs, or 2 when it could not do its work."""
    options = _parser().parse_args(arguments)
    if options.command == "verify":
        return _verify(options)
    if options.command == "scenarios":
        for name in shipped():
            print(f"{name}: {load(name).description}")
        return 0
    return _serve(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="asr-simulator", description="A simulator of Azure Site Recovery for Hyper-V."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("scenarios", help="list the scenarios that come with the simulator")
    serve = commands.add_parser("serve", help="serve a scenario on loopback until SIGTERM or SIGINT")
    serve.add_argument("--scenario", required=True, metavar="FILE|NAME")
    serve.add_argument(
        "--state-dir", required=True, type=Path, metavar="DIR", help="where connection.json and env.sh go"
    )
    serve.add_argument("--port", type=_port, default=0, help="default: any free port")
    serve.add_argument(
        "--speed",
        type=_speed,
        help="simulated seconds a second; 0: only the control API moves time; default: the scenario's",
    )
    serve.add_argument("--seed", type=int, help="another seed than the scenario's")
    serve.add_argument(
        "--traffic", type=Path, metavar="FILE.jsonl", help="append every answered request to Azure to this file"
    )
    verifies = commands.add_parser(
        "verify", help="say where the simulator would have answered otherwise than Azure did in a recording"
    )
    verifies.add_argument("files", nargs="+", type=Path, metavar="FILE", help="recordings, in the order of their time")
    verifies.add_argument("--json", action="store_true", help="for programs")
    return parser


def _verify(options: argparse.Namespace) -> int:
    try:
        report = verify(options.files)
    except Unreadable as problem:
        print(f"asr-simulator: {problem}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        print("\n".join(lines_of(report)))
    return 1 if report["counts"]["differs"] else 0


def _port(text: str) -> int:
    return int(_between(text, 0, MOST_PORTS))


def _speed(text: str) -> float:
    return _between(text, 0, FASTEST)


def _between(text: str, least: float, most: float) -> float:
    value = float(text)
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text} is not {least:.0f} to {most:.0f}")
    return value


def _serve(options: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        simulator = Simulator.start(
            options.scenario, options.state_dir, options.port, options.speed, options.seed, options.traffic
        )
    except (ScenarioError, OSError) as error:
        print(f"asr-simulator: {error}", file=sys.stderr)
        return 2
    with simulator:
        print(f"serving {simulator.url}, connection in {options.state_dir / CONNECTION}", flush=True)
        stop.wait()
    return 0
