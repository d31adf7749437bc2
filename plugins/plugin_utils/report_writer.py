# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that are made of a record: its forms for people and pipelines, the sums of all, and their signature."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.asr.failback.plugins.module_utils.model.child_environment import for_signing
from ansible_collections.asr.failback.plugins.module_utils.model.failures import ConfigurationError, FailbackError
from ansible_collections.asr.failback.plugins.module_utils.model.past_runs import history_facts
from ansible_collections.asr.failback.plugins.module_utils.model.programs import Program
from ansible_collections.asr.failback.plugins.module_utils.model.report_facts import facts_of
from ansible_collections.asr.failback.plugins.module_utils.owners_file import write_if_other
from ansible_collections.asr.failback.plugins.module_utils.report_file import load_report, records_below
from ansible_collections.asr.failback.plugins.plugin_utils.report_forms import as_junit, as_markdown, as_page

FORMS = {"html": as_page, "markdown": as_markdown, "junit": as_junit}
MANIFEST, SIGN, HISTORY = "manifest", "sign", "history"
_SIGN_SECONDS = 60


def write_forms(record, paths, manifest, sign, run_program, history=()):
    """Write what is asked for of the record at a path; return whether a file is another now.

    C(history) are files and folders with earlier records. C(paths) are those of the forms by their names, C(manifest)
    that of the sums. C(sign) is a program with its arguments, to which the path of the sums is added. Raises
    FailbackError.
    """
    facts = _facts(record, history)
    changed = [_write(path, FORMS[form](facts), form) for form, path in paths.items()]
    if manifest:
        files = [record, *paths.values()]
        changed.append(_write(manifest, "".join(_sums(files, Path(manifest).parent)), "list of sums"))
    if sign and any(changed):
        _sign_or_forget(manifest, sign, run_program)
    return any(changed)


def _facts(path, history):
    record = load_report(path)
    earlier = ((file, found) for file, found in records_below(history) if not isinstance(found, ConfigurationError))
    return facts_of(
        record, _digest(path), history_facts(path, record, earlier, datetime.now(timezone.utc)) if history else ()
    )


def _write(path, text, what):
    return write_if_other(path, lambda: iter([text]), what)


def _sums(files, folder):
    """Yield the lines that sha256sum -c takes, in the folder of the list."""
    for file in files:
        yield f"{_digest(file)}  {os.path.relpath(file, folder)}\n"


def _digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _sign_or_forget(manifest, sign, run_program):
    """Sign the sums; take them away where that fails, so that the next task makes and signs them."""
    try:
        _sign(manifest, sign, run_program)
    except FailbackError:
        Path(manifest).unlink(missing_ok=True)
        raise


def _sign(manifest, sign, run_program):
    """Sign the sums. What signs them needs its own settings, and must not ask."""
    told = f"The sums {manifest} were not signed by {sign[0]}"
    remedy = "Run it by hand to see what it needs. The record and the reports are written, the sums are not."
    try:
        done = run_program(Program([*sign, manifest], for_signing(os.environ), _SIGN_SECONDS))
    except FileNotFoundError as problem:
        raise ConfigurationError(f"{told}: it is not installed.", remedy) from problem
    except TimeoutError as problem:
        raise ConfigurationError(f"{told} within {_SIGN_SECONDS} seconds.", remedy) from problem
    if done.exit_code != 0:
        last = (done.errors.strip() or done.output.strip() or "no message").splitlines()[-1]
        raise ConfigurationError(f"{told}: exit code {done.exit_code}, {last}.", remedy)
