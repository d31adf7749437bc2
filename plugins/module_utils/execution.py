# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a verb for a module or an action plugin: options in, result out, one failure type."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .azure.sdk import missing_sdk
from .azure.session import AzureSession, open_session, reached_by
from .azure.settings import secrets_of
from .hyperv.hosts import Hosts, Inventory, no_inventory, note_move
from .hyperv.pywinrm import missing_winrm
from .many import Progress, Wanted, in_turn, options_of_each, results_of, sum_of
from .model.failures import ConfigurationError, FailbackError, MissingLibrary, as_sentence
from .model.limits import MOST_SECONDS
from .model.packed import pack
from .model.programs import RunProgram, no_programs
from .option_checks import check_values
from .run_cache import RunCache
from .run_record import Hide, RunRecord, UnderWay, keep_for_report
from .runner.claims import Claims
from .runner.contract import Contract
from .runner.copy_turns import CopyTurns
from .runner.options import AZURE_OPTIONS, HOSTS_OPTIONS, VAULT_OPTIONS, WINRM_OPTIONS
from .runner.services import Services
from .scheduler import Piece, Scheduler, watch_of_the_turn
from .shared_reads import UNSHARED, SharedReads
from .waiting import Steps, run_to_end
from .watch import REPORT_INTERVAL, Watch

# What the tasks of a run share. The strategy imports this file in the parent process, and the Azure SDKs with it, which
# takes most of a task's time; every worker forked from it has both already.
RUN_CACHE = RunCache()
# Deadline of queries: they do not wait for anything but the service's own pauses.
_QUERY_SECONDS = 600
# What says how a vault and its hosts are reached.
_ACCESS = frozenset({**AZURE_OPTIONS, **VAULT_OPTIONS, **HOSTS_OPTIONS, **WINRM_OPTIONS})
LIBRARIES = "azure-identity, azure-mgmt-recoveryservicessiterecovery 2.x and azure-mgmt-compute 33 or newer"


def execute(
    contract: Contract,
    parameters: Mapping[str, Any],
    environ: Mapping[str, str],
    *,
    check_mode: bool = False,
    cache: RunCache = RUN_CACHE,
    watch: Watch | None = None,
    inventory: Inventory = no_inventory,
    run_program: RunProgram = no_programs,
    hyperv_hosts: Iterable[str] = (),
    hide: Hide = lambda value: value,
    notes: bool = True,
) -> dict[str, Any]:
    """Return the result of one task. C(cache) is what the tasks of a run share, C(watch) owns its time.

    C(inventory) returns the variables of the host of the inventory that stands for a Hyper-V host, or None where there
    is none. C(hyperv_hosts) are the names of those in the inventory that are Hyper-V hosts or VMM servers, as far as
    that is known. C(run_program) runs programs of this machine (kinit, ssh). C(hide) takes secrets out of what leaves
    the task before it has ended. C(notes): whoever watches the run may see what goes on.

    C(environ) is where settings are looked for. What the SDKs, requests and the Azure CLI read themselves (proxies,
    AZURE_CONFIG_DIR) they read from the process, so outside of tests it is that of the process.

    Raises FailbackError, with everything that a person needs in it.
    """
    require_libraries(contract)
    check_values(parameters)
    own_watch = watch or Watch(deadline_of(parameters))
    task = Task(contract, environ, check_mode, cache, inventory, run_program, tuple(hyperv_hosts), hide, notes)
    moved = True
    try:
        result = _result_of(task, parameters, own_watch)
        moved = result.get("changed", True)
        return result
    finally:
        # Of one that failed, nobody knows.
        if moved and contract.waits and not check_mode:
            note_move(cache, own_watch.now())


@dataclass(frozen=True)
class Task:
    """What a task was given, and where it runs."""

    contract: Contract
    environ: Mapping[str, str]
    check_mode: bool
    cache: RunCache
    inventory: Inventory
    run_program: RunProgram
    hyperv_hosts: Sequence[str]
    hide: Hide
    notes: bool

    def hosts(self, parameters: Mapping[str, Any], watch: Watch, shared: SharedReads = UNSHARED) -> Hosts:
        """Return the hosts that may be asked."""
        return Hosts(
            parameters,
            self.inventory,
            watch,
            self.cache,
            self.environ,
            self.run_program,
            self.hyperv_hosts,
            shared,
        )

    async def steps(self, parameters: Mapping[str, Any], services: Services, watch: Watch) -> dict[str, Any]:
        """Do what the options say and return the result."""
        return _with_summary(await self.contract.steps(parameters, services, watch, check_mode=self.check_mode))


def _result_of(task: Task, parameters: Mapping[str, Any], watch: Watch) -> dict[str, Any]:
    """Do for one virtual machine, or for many, what the task says."""
    if task.contract.takes_many and parameters["replicated_items"] is not None:
        vms = run_many(task, options_of_each(task.contract, parameters), watch, parameters)
        return sum_of(vms, fails=parameters.get("fail_on_error", True))
    hosts = task.hosts(parameters, watch)
    services = Services(
        lambda: open_session(parameters, task.environ, lambda: watch, task.cache), hosts, task.run_program
    )
    return run_to_end(task.steps(parameters, services, watch), watch)


class _Session:
    """The way to Azure of those virtual machines that are reached the same way. C(shared) is what they share."""

    def __init__(self, parameters: Mapping[str, Any], task: Task, watch: Watch, *, is_alone: bool) -> None:
        watch_now = partial(watch_of_the_turn, watch)
        # One alone shares with the other tasks of the run, as every task does, and with nobody here.
        self.shared = UNSHARED if is_alone else SharedReads(watch_now)
        self._open = partial(open_session, parameters, task.environ, watch_now, task.cache, shared=self.shared)
        self._turn = threading.Lock()
        self._session: AzureSession | None = None

    def opened(self) -> AzureSession:
        """Return the session, opened by whoever needs it first. Raises FailbackError."""
        with self._turn:
            self._session = self._session or self._open()
            return self._session


def run_many(task: Task, wanted: Wanted, watch: Watch, common: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Do for many virtual machines what the task says; return the result of each by its name, with C(failed).

    C(wanted) are their options, C(common) those of the task: C(at_once) is how many of them may copy their data at the
    same time, C(report) a file to keep up to date, C(about) what is known of the run.
    """
    task = replace(task, inventory=in_turn(task.inventory))
    progress = Progress(watch)
    copy_turns, claims = CopyTurns(common.get("at_once") or {}, wanted), Claims()
    record = RunRecord(common.get("report"), watch, task.hide, common.get("about"))
    noted = UnderWay(task.cache, watch, task.hide)
    sessions: dict[str, _Session] = {}
    packs = common.get("places") is not None

    def piece(name: str, parameters: Mapping[str, Any]) -> Piece[dict[str, Any]]:
        own = progress.watch_of(name, deadline_of(parameters))
        access = {name: value for name, value in parameters.items() if name in _ACCESS}
        key = json.dumps(access, sort_keys=True, default=str)
        session = sessions.setdefault(key, _Session(access, task, watch, is_alone=len(wanted) == 1))
        hosts = task.hosts(parameters, own, session.shared)
        services = Services(session.opened, hosts, task.run_program, copy_turns, claims, name)

        async def steps() -> dict[str, Any]:
            try:
                result = await _told(task.steps(parameters, services, own), own, task.hide)
                return pack(task.hide(result)) if packs and _is_done_with(result) else result
            finally:
                # Whatever went wrong, nobody waits for its turn.
                copy_turns.leave(name)
                session.shared.forget()

        return Piece(name, own, steps)

    def wrong(name: str, problem: ConfigurationError) -> Piece[dict[str, Any]]:
        copy_turns.leave(name)

        async def steps() -> dict[str, Any]:
            raise problem

        return Piece(name, watch, steps)

    pieces = [
        wrong(name, options) if isinstance(options, ConfigurationError) else piece(name, options)
        for name, options in wanted.items()
    ]
    progress.begin(pieces)

    def meanwhile() -> None:
        progress.tell()
        record.keep(pieces)
        if task.notes:
            noted.note(pieces)

    # Whoever interrupts it at its first request is told what was begun.
    meanwhile()
    Scheduler[dict[str, Any]](watch, meanwhile=meanwhile, ends_all=_hands_over).run(pieces)
    progress.tell()
    record.write(pieces)
    noted.end()
    vms = results_of(pieces)
    if packs:
        keep_for_report(task.cache, vms, task.hide)
    return vms


async def _told(steps: Steps[dict[str, Any]], watch: Watch, hide: Hide) -> dict[str, Any]:
    """Do what one of many has to, and say at once what has ended it early: the others may go on for hours."""
    try:
        return await steps
    except FailbackError as problem:
        watch.failure = problem.happened
        raise
    finally:
        if watch.failure is not None:
            watch.report(hide(f"failed: {' '.join(watch.failure.split())}"))


def _is_done_with(result: Mapping[str, Any]) -> bool:
    """Whether no task of the user's is to see a result."""
    return not (result.get("handover") or {}).get("file")


def _hands_over(result: Mapping[str, Any]) -> bool:
    """Whether Ansible has to run tasks for a virtual machine before it can go on: the others end their wait, to be
    continued with it."""
    return bool(result.get("handover"))


def secrets_around(environ: Mapping[str, str]) -> set[str]:
    """Return what no result may show, beside the options that must not be shown: the secrets of the environment."""
    return secrets_of(environ)


def cloud_of(options: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    """Return the name or the address of the cloud that a task with these options would ask; None where it would ask
    none, as no credential is known."""
    try:
        return reached_by(options, environ)[0]
    except ConfigurationError:
        return None


def deadline_of(parameters: Mapping[str, Any]) -> float:
    """Return the seconds that a task may wait, by its options."""
    wanted = parameters.get("wait_timeout") or parameters.get("timeout") or _QUERY_SECONDS
    # More than the most is refused, but not here.
    return float(min(wanted, MOST_SECONDS))


def report_interval_of(parameters: Mapping[str, Any]) -> float:
    """Return the seconds after which a task that waits says so again, by its options."""
    return float(parameters.get("report_interval") or REPORT_INTERVAL)


def require_libraries(contract: Contract) -> None:
    """Raise MissingLibrary where the Python that runs this lacks what a verb cannot do without."""
    # A verb that asks both sides only needs pywinrm once there is a host to ask.
    problem = missing_sdk() if contract.asks_azure else missing_winrm() if contract.asks_hosts else None
    if problem is not None:
        raise MissingLibrary(
            f"The Python that runs this task lacks a library: {problem.msg}.",
            f"Install {LIBRARIES if contract.asks_azure else 'pywinrm'} (requirements.txt) for it.",
        ) from problem


def _with_summary(result: dict[str, Any]) -> dict[str, Any]:
    """Add a line for a person to results that have a stage."""
    stage = result.get("stage")
    if not isinstance(stage, Mapping):
        return result
    target = result.get("recovery_plan") or result.get("replicated_item") or {}
    name = (target.get("properties") or {}).get("friendly_name") or target.get("name")
    path = " -> ".join(dict.fromkeys((stage["before"], stage["after"])))
    reason = f". {as_sentence(result['reason'])}" if result.get("reason") else ""
    return {"msg": f"{name}: {path}; authoritative: {result['authoritative_side']}{reason}", **result}


def diff_of(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the diff of a result that has a stage, or the state of a thing, in Ansible's form."""
    if "before" in result and "after" in result:
        return {"before": result["before"] or {}, "after": result["after"]}
    stage = result.get("stage")
    if not isinstance(stage, Mapping):
        return None
    return {"before": {"stage": stage["before"]}, "after": {"stage": stage["after"]}}
