# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a script or a function says about its parameters, and how values are bound to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from powershell_subset.errors import BINDING, Terminating, runtime_error
from powershell_subset.objects import NotModelled, Switch
from powershell_subset.running.arguments import Signature
from powershell_subset.syntax.nodes import Constant, Node, Variable
from powershell_subset.syntax.structure import Attribute, Parameter, ScriptBody
from powershell_subset.values.cast import CastError, cast, items_of
from powershell_subset.values.numbers import is_number
from powershell_subset.values.text import to_text
from powershell_subset.values.types import full_name, type_of

IGNORED = ("cmdletbinding", "outputtype", "allownull", "allowemptystring", "allowemptycollection", "alias", "parameter")
CHECKED = ("validateset", "validatenotnullorempty", "validatenotnull")
OPTIONS = ("mandatory", "position", "valuefrompipeline", "valuefrompipelinebypropertyname", "helpmessage")
TRANSFORMATION = "System.Management.Automation.ParameterBindingArgumentTransformationException"
VALIDATION = "System.Management.Automation.ParameterBindingValidationException"


@dataclass(frozen=True)
class Declared:
    """A parameter with what its attributes say."""

    parameter: Parameter
    mandatory: bool = False
    position: int | None = None
    from_pipeline: bool = False
    by_property: bool = False

    @property
    def name(self) -> str:
        """As it was written."""
        return self.parameter.name

    @property
    def is_switch(self) -> bool:
        """Whether it needs no value."""
        return any(name.lower() == "switch" for name in self.parameter.type_names)


def _constant(node: Node) -> Any:
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Variable) and node.name.lower() in ("true", "false"):
        return node.name.lower() == "true"
    raise NotModelled("an attribute whose argument is no constant")


def _declared(parameter: Parameter) -> Declared:
    options: dict[str, Any] = {}
    for attribute in parameter.attributes:
        if attribute.name not in (*IGNORED, *CHECKED):
            raise NotModelled(f"the attribute [{attribute.name}()]")
        if attribute.name == "parameter":
            options.update({name: _constant(value) for name, value in attribute.arguments})
    for name in options:
        if name not in OPTIONS:
            raise NotModelled(f"[Parameter({name})]")
    return Declared(
        parameter,
        bool(options.get("mandatory")),
        options.get("position"),
        bool(options.get("valuefrompipeline")),
        bool(options.get("valuefrompipelinebypropertyname")),
    )


@lru_cache(maxsize=1024)
def declared(body: ScriptBody) -> tuple[Declared, ...]:
    """The parameters of a script."""
    return tuple(_declared(parameter) for parameter in body.parameters)


@lru_cache(maxsize=1024)
def signature(body: ScriptBody) -> Signature:
    """How arguments find the parameters of a script."""
    known = declared(body)
    placed = sorted((each for each in known if each.position is not None), key=lambda each: each.position or 0)
    free = [] if placed else [each for each in known if not each.is_switch]
    aliases = {
        to_text(_constant(alias)).lower(): each.name
        for each in known
        for attribute in each.parameter.attributes
        if attribute.name == "alias"
        for alias in attribute.positional
    }
    return Signature(
        tuple(each.name for each in known),
        frozenset(each.name.lower() for each in known if each.is_switch),
        tuple(each.name for each in (*placed, *free)),
        aliases,
        advanced=body.cmdlet_binding,
    )


def converted(each: Declared, value: Any) -> Any:
    """A value as the parameter takes it.

    Raises:
        Terminating: it cannot be converted, or the parameter does not allow it.
    """
    for name in reversed(each.parameter.type_names):
        value = _transformed(each, value, name)
    for attribute in each.parameter.attributes:
        if attribute.name in CHECKED:
            _check(each, attribute, value)
    if each.mandatory:
        _check_present(each, value)
    return value


def _transformed(each: Declared, value: Any, type_name: str) -> Any:
    full = full_name(type_name)
    try:
        if full == "System.String" and isinstance(value, list):
            raise _refusal(each, "Cannot convert value to type System.String.")
        if full == "System.Boolean" and not (isinstance(value, (bool, Switch)) or is_number(value)):
            shown = "" if value is None else type_of(value)
            reason = f'Cannot convert value "{shown}" to type "System.Boolean". Boolean parameters accept only Boolean '
            raise _refusal(each, reason + "values and numbers, such as $True, $False, 1 or 0.")
        return cast(value, type_name)
    except CastError as error:
        raise _refusal(each, str(error)) from None


def _refusal(each: Declared, reason: str) -> Terminating:
    message = f"Cannot process argument transformation on parameter '{each.name}'. {reason}"
    return runtime_error(message, "ParameterArgumentTransformationError", "InvalidData", kind=TRANSFORMATION)


def _check(each: Declared, attribute: Attribute, value: Any) -> None:
    if attribute.name == "validateset":
        allowed = [to_text(_constant(node)) for node in attribute.positional]
        for item in items_of(value):
            if to_text(item).lower() not in [name.lower() for name in allowed]:
                shown = ",".join(allowed)
                reason = f'The argument "{to_text(item)}" does not belong to the set "{shown}" specified by the '
                reason += "ValidateSet attribute. Supply an argument that is in the set and then try the command again."
                raise _invalid(each, reason)
    elif value is None:
        reason = "The argument is null" + (" or empty" if attribute.name.endswith("empty") else "")
        advice = "Provide an argument that is not null or empty, and then try the command again."
        raise _invalid(each, f"{reason}. {advice}")
    elif attribute.name.endswith("empty") and isinstance(value, (str, list)) and not value:
        raise NotModelled("the words of ValidateNotNullOrEmpty for an empty value")


def _invalid(each: Declared, reason: str) -> Terminating:
    message = f"Cannot validate argument on parameter '{each.name}'. {reason}"
    return runtime_error(message, "ParameterArgumentValidationError", "InvalidData", kind=VALIDATION)


def _check_present(each: Declared, value: Any) -> None:
    allowed = {attribute.name for attribute in each.parameter.attributes}
    text = f"Cannot bind argument to parameter '{each.name}' because it is "
    if value is None and "allownull" not in allowed:
        raise _unbound(f"{text}null.", "ParameterArgumentValidationErrorNullNotAllowed")
    if isinstance(value, str) and not value and "allowemptystring" not in allowed:
        raise _unbound(f"{text}an empty string.", "ParameterArgumentValidationErrorEmptyStringNotAllowed")
    if isinstance(value, list) and not value and "allowemptycollection" not in allowed:
        raise _unbound(f"{text}an empty array.", "ParameterArgumentValidationErrorEmptyArrayNotAllowed")


def _unbound(message: str, error_id: str) -> Terminating:
    return runtime_error(message, error_id, "InvalidData", kind=VALIDATION)


def unset(each: Declared) -> Any:
    """What a parameter without a default is when nothing is bound to it."""
    for name in each.parameter.type_names:
        full = full_name(name)
        if full == "System.String":
            return ""
        if full == "System.Boolean":
            return False
        if full == "System.Management.Automation.SwitchParameter":
            return Switch(False)
        if full in ("System.Int32", "System.Int64", "System.UInt32", "System.UInt64", "System.Byte", "System.Double"):
            return cast(0, name)
        if full in ("System.DateTime", "System.Guid", "System.TimeSpan", "System.Char", "System.Decimal"):
            raise NotModelled(f"the default of a parameter of type [{name}]")
    return None


def missing(names: list[str]) -> Terminating:
    """The error for mandatory parameters without a value, where nobody can be asked."""
    message = f"Cannot process command because of one or more missing mandatory parameters: {' '.join(names)}."
    return runtime_error(message, "MissingMandatoryParameter", "InvalidArgument", kind=BINDING)
