# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables are looked up and set, the automatic ones too."""

from __future__ import annotations

from typing import Any

from powershell_subset.errors import runtime_error
from powershell_subset.objects import VOID, Hashtable, NotModelled
from powershell_subset.running.engine import Engine, evaluates
from powershell_subset.running.scopes import Cell, Scope
from powershell_subset.syntax.nodes import Variable
from powershell_subset.values.cast import cast
from powershell_subset.values.text import to_text

CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
# Automatic variables that scripts may ask for, and that nothing stands behind here.
REFUSED = {
    *("host", "pid", "pwd", "home", "profile", "pshome", "psculture", "psuiculture", "executioncontext", "shellid"),
    *("myinvocation", "pscmdlet", "psscriptroot", "pscommandpath", "stacktrace", "nestedpromptlevel"),
    *("foreach", "switch", "this", "consolefilename", "sender", "event"),
}
PREFERENCES = {
    "erroractionpreference": "Continue",
    "warningpreference": "Continue",
    "verbosepreference": "SilentlyContinue",
    "debugpreference": "SilentlyContinue",
    "informationpreference": "SilentlyContinue",
    "progresspreference": "Continue",
    "confirmpreference": "High",
    "whatifpreference": False,
    "ofs": None,
    "outputencoding": None,
    "lastexitcode": None,
}


def start(engine: Engine) -> None:
    """Set the variables that are there before the script begins."""
    for name, value in PREFERENCES.items():
        if name != "ofs":
            engine.globals.set(name, value)
    engine.globals.set("PSVersionTable", engine.version)
    engine.globals.set("Error", engine.errors)


@evaluates(Variable)
def _variable(engine: Engine, node: Variable) -> Any:
    return lookup(engine, node)


def lookup(engine: Engine, node: Variable) -> Any:
    """The value of a variable.

    Raises:
        Terminating: it was never set, and Set-StrictMode forbids that.
    """
    name = node.name.lower()
    if node.scope == "env":
        found = engine.environment.get(name)
        return found[1] if found else None
    if name in CONSTANTS and not node.scope:
        return CONSTANTS[name]
    if name == "?" and not node.scope:
        return engine.succeeded
    cell = _find(engine, node)
    if cell is not None:
        return _taken(cell) if name == "input" else cell.value
    if name in REFUSED or name in ("$", "^"):
        raise NotModelled(f"the variable ${node.name}")
    if name in PREFERENCES or engine.frame.scope.strictness() < 1 or name == "_":
        return None
    message = f"The variable '${node.name}' cannot be retrieved because it has not been set."
    raise runtime_error(message, "VariableIsUndefined", target=node.name)


def _taken(cell: Cell) -> Any:
    """$input is an enumerator: it gives its objects once."""
    if cell.value is None:
        raise NotModelled("$input a second time")
    value, cell.value = cell.value, None
    return value


def _find(engine: Engine, node: Variable) -> Cell | None:
    name = "_" if node.name.lower() == "psitem" else node.name
    if not node.scope:
        return engine.frame.scope.find(name)
    return scope_named(engine, node.scope).cells.get(name.lower())


def scope_named(engine: Engine, scope: str) -> Scope:
    """The scope that a variable's prefix names.

    Raises:
        NotModelled: a drive other than Env.
    """
    if scope in ("global", "script"):
        return engine.globals
    if scope in ("local", "private"):
        return engine.frame.scope
    raise NotModelled(f"${{{scope}:...}}")


def scope_for_functions(engine: Engine, name: str) -> tuple[Scope, str]:
    """Where a function is declared, and its name without the scope."""
    scope, colon, rest = name.partition(":")
    return (scope_named(engine, scope.lower()), rest) if colon else (engine.frame.scope, name)


def store(engine: Engine, node: Variable, value: Any, constraint: str = "") -> None:
    """Set a variable, converted to what its declaration asks for.

    Raises:
        CastError: it cannot be converted.
        Terminating: the variable cannot be written.
    """
    name = node.name.lower()
    if node.scope == "env":
        _set_environment(engine, node.name, value)
        return
    if name in CONSTANTS or name in ("?", "error", "psversiontable"):
        message = f"Cannot overwrite variable {node.name} because it is read-only or constant."
        raise runtime_error(message, "VariableNotWritable", "WriteError", node.name)
    scope = scope_named(engine, node.scope) if node.scope else engine.frame.scope
    cell = scope.cells.get(name)
    wanted = constraint or (cell.constraint if cell else "")
    converted = cast(value, wanted) if wanted else value
    scope.set(node.name, converted)
    if constraint:
        scope.cells[name].constraint = constraint


def _set_environment(engine: Engine, name: str, value: Any) -> None:
    text = to_text(value)
    if text:
        engine.environment[name.lower()] = (name, text)
    else:
        engine.environment.pop(name.lower(), None)


def separator(engine: Engine) -> str:
    """$OFS: what stands between the elements of a list in a string."""
    cell = engine.frame.scope.find("OFS")
    return " " if cell is None or cell.value is VOID else to_text(cell.value)


def version_table(text: str) -> Hashtable:
    """$PSVersionTable of Windows PowerShell 5.1; `text` is its own version."""
    version = cast(text, "version")
    return Hashtable(
        [
            ("PSVersion", version),
            ("PSEdition", "Desktop"),
            ("PSCompatibleVersions", [cast(each, "version") for each in ("1.0", "2.0", "3.0", "4.0", "5.0", "5.1")]),
            ("BuildVersion", cast("10.0." + text.split(".", 2)[2], "version")),
            ("CLRVersion", cast("4.0.30319.42000", "version")),
            ("WSManStackVersion", cast("3.0", "version")),
            ("PSRemotingProtocolVersion", cast("2.3", "version")),
            ("SerializationVersion", cast("1.1.0.1", "version")),
        ]
    )
