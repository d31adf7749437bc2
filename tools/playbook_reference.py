# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of the playbooks, from meta/reference.yml: ansible-doc documents no playbooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from reference_markdown import code, default_of, section, table, type_of

SOURCE = Path(__file__).resolve().parent.parent / "meta" / "reference.yml"
WHERE = {"extra": "only with `-e`", "run": "anywhere, one value for the whole run", "host": "a host"}
Document = dict[str, Any]
# Writes the table of some options of a role: role, names of the options.
WriteOptions = Callable[[str, list[str]], str]


def read_playbooks() -> Document:
    """Return the documentation of the playbooks: `variables`, `facts` and `playbooks`, each by name."""
    documents: Document = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return documents


def variables_of(documents: Document, playbook: str) -> Document:
    """Return a playbook's own variables, by name, with what is particular to the playbook."""
    own = documents["playbooks"][playbook]["variables"]
    return {name: {**documents["variables"][name], **particular} for name, particular in own.items()}


def playbook_page(documents: Document, name: str, collection: str, options_of_role: WriteOptions) -> Iterator[str]:
    """Yield the parts of a playbook's page."""
    doc = documents["playbooks"][name]
    yield f"# {collection}.{name}"
    yield f"**{doc['summary']}**"
    yield "Kind: playbook."
    yield "\n\n".join(doc["description"])
    yield "```\n{}\n```".format("\n".join(doc["commands"]))
    yield from section("Variables", _variables(variables_of(documents, name)))
    for role, wanted in doc["roles"].items():
        yield from section(f"Variables of the role {role}", _of_role(role, wanted, collection, options_of_role))
    facts = [(code(fact), documents["facts"][fact]) for fact in doc["facts"]]
    yield from section("Facts", table(("Fact", "What it is"), facts))


def _variables(variables: Document) -> str:
    rows = [
        (code(name), type_of(entry), default_of(entry), WHERE[entry["where"]], entry["description"])
        for name, entry in variables.items()
    ]
    return table(("Variable", "Type", "Default", "Where", "Description"), rows)


def _of_role(role: str, wanted: Any, collection: str, options_of_role: WriteOptions) -> str:
    if wanted == "all":
        return f"All that the role takes: [{collection}.{role}]({role}_role.md)."
    return options_of_role(f"{collection}.{role}", wanted)
