# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the reference of plugins, roles and playbooks, docs/reference/*.md, from the documentation that they carry.

    python tools/reference.py            write it
    python tools/reference.py --check    say which pages are out of date, and fail if there are any

`ansible-doc` reads the documentation (with its fragments merged), antsibull-docs-parser its markup.
The pages depend on nothing else: what an inventory plugin takes from fragments of ansible-core, which differ from one
release to the next, is named and left out.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from antsibull_docs_parser import dom
from antsibull_docs_parser.md import MDFormatter, to_md
from antsibull_docs_parser.parser import Context, parse
from playbook_reference import playbook_page, read_playbooks
from reference_markdown import code, default_of, page, section, table, type_of, value_as_code

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "reference"
COLLECTION = "asr.failback"
HEADINGS = {"callback": "Callback plugins", "filter": "Filter plugins", "inventory": "Inventory plugins"}
OF_CORE = ("constructed", "inventory_cache")
TAKEN_OVER = (
    "Also the options of ansible-core for groups and variables made by Jinja expressions (`constructed`), and for the "
    "cache (`inventory_cache`): see `ansible-doc -t inventory {name}`."
)
Document = dict[str, Any]


class PlainMarkdown(MDFormatter):
    """Markdown that is readable as text too: back-quotes for code, and nothing escaped that needs no escape."""

    def format_text(self, part: dom.TextPart) -> str:
        """Escape only what Markdown, or a cell of a table, would take for itself."""
        return "".join(f"\\{letter}" if letter in "\\`*_|<[]" else letter for letter in part.text)

    def format_code(self, part: dom.CodePart) -> str:
        """C(text)"""
        return code(part.text)

    def format_option_name(self, part: dom.OptionNamePart, url: str | None) -> str:
        """O(name) and O(name=value)"""
        return code(part.name if part.value is None else f"{part.name}={part.value}")

    def format_return_value(self, part: dom.ReturnValuePart, url: str | None) -> str:
        """RV(name) and RV(name=value)"""
        return code(part.name if part.value is None else f"{part.name}={part.value}")

    def format_option_value(self, part: dom.OptionValuePart) -> str:
        """V(value)"""
        return code(part.value)

    def format_env_variable(self, part: dom.EnvVariablePart) -> str:
        """E(NAME)"""
        return code(part.name)

    def format_module(self, part: dom.ModulePart, url: str | None) -> str:
        """M(name), a link where it is one of ours."""
        return _link_to(part.fqcn, "module")

    def format_plugin(self, part: dom.PluginPart, url: str | None) -> str:
        """P(name#type), a link where it is one of ours."""
        return _link_to(part.plugin.fqcn, part.plugin.type)

    def format_bold(self, part: dom.BoldPart) -> str:
        """B(text)"""
        return f"**{part.text}**"

    def format_italic(self, part: dom.ItalicPart) -> str:
        """I(text)"""
        return f"*{part.text}*"

    def format_link(self, part: dom.LinkPart) -> str:
        """L(text, address)"""
        return f"[{part.text}]({part.url})"

    def format_url(self, part: dom.URLPart) -> str:
        """U(address)"""
        return f"<{part.url}>"


def main(arguments: Sequence[str]) -> int:
    """Write or check the pages; return the exit status."""
    pages = dict(reference_pages(read_documentation()))
    if "--check" in arguments:
        return report(stale_pages(pages))
    PAGES.mkdir(parents=True, exist_ok=True)
    for path in set(PAGES.glob("*.md")) - set(pages):
        path.unlink()
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")
    return 0


def stale_pages(pages: dict[Path, str]) -> list[Path]:
    """Return the pages whose file is missing, differs, or is of something that is gone."""
    existing = set(PAGES.glob("*.md"))
    differing = {path for path in existing & set(pages) if path.read_text(encoding="utf-8") != pages[path]}
    return sorted((existing ^ set(pages)) | differing)


def report(stale: Sequence[Path]) -> int:
    """Name the pages that are out of date and return the exit status."""
    for path in stale:
        print(f"{path.relative_to(ROOT)}: out of date; run `make docs`")
    return 1 if stale else 0


def read_documentation() -> dict[str, dict[str, Document]]:
    """Return what ansible-doc knows of this collection: kind of plugin, then full name, then documentation.

    Raises SystemExit with what ansible-doc said when it cannot read a document.
    """
    done = subprocess.run(["ansible-doc", "--metadata-dump", COLLECTION], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    everything: dict[str, dict[str, Document]] = json.loads(done.stdout)["all"]
    return {kind: plugins for kind, plugins in everything.items() if plugins and kind != "keyword"}


def reference_pages(documents: dict[str, dict[str, Document]]) -> Iterator[tuple[Path, str]]:
    """Yield each page's path and text: the index, then a page for each plugin, role and playbook."""
    playbooks = read_playbooks()
    yield PAGES / "README.md", page(_index(documents, playbooks))
    for kind, plugins in sorted(documents.items()):
        for name, document in sorted(plugins.items()):
            lines = _role(name, document) if kind == "role" else _plugin(name, kind, document)
            yield _path(name, kind), page(lines)
    for name in playbooks["playbooks"]:
        lines = playbook_page(playbooks, name, COLLECTION, partial(_options_of_role, documents["role"]))
        yield _path(f"{COLLECTION}.{name}", "playbook"), page(lines)


def fragments_of_core() -> Iterator[Document]:
    """Yield what the installed ansible-core documents for inventory plugins of every collection."""
    for name in OF_CORE:
        fragment = importlib.import_module(f"ansible.plugins.doc_fragments.{name}").ModuleDocFragment
        yield yaml.safe_load(fragment.DOCUMENTATION)


def without(doc: Document, fragments: Sequence[Document]) -> Document:
    """Return a plugin's documentation without what it has from fragments."""
    options = {name for fragment in fragments for name in fragment["options"]}
    notes = [note for fragment in fragments for note in fragment.get("notes", [])]
    return {
        **doc,
        "options": {name: option for name, option in doc.get("options", {}).items() if name not in options},
        "notes": [note for note in doc.get("notes", []) if note not in notes],
    }


def _index(documents: dict[str, dict[str, Document]], playbooks: Document) -> Iterator[str]:
    yield "<!-- Made by `make docs` from the documentation of the plugins, roles and playbooks. -->"
    yield "# Reference"
    for kind, plugins in sorted(documents.items()):
        yield f"## {HEADINGS.get(kind, f'{kind.capitalize()}s')}"
        rows = [(_link_to(name, kind), _summary(document)) for name, document in sorted(plugins.items())]
        yield table(("Name", "What it does"), rows)
    yield "## Playbooks"
    rows = [
        (_link_to(f"{COLLECTION}.{name}", "playbook"), doc["summary"]) for name, doc in playbooks["playbooks"].items()
    ]
    yield table(("Name", "What it does"), rows)


def _summary(document: Document) -> str:
    if "entry_points" in document:
        return str(document["entry_points"]["main"]["short_description"])
    return str(document["doc"]["short_description"])


def _plugin(name: str, kind: str, document: Document) -> Iterator[str]:
    core = list(fragments_of_core()) if kind == "inventory" else []
    doc = without(document["doc"], core)
    context = Context(current_plugin=dom.PluginIdentifier(fqcn=name, type=kind))
    yield f"# {name}"
    yield f"**{doc['short_description']}**"
    yield f"Kind: {kind}. New in {doc['version_added']}." if "version_added" in doc else f"Kind: {kind}."
    yield _text(doc["description"], context)
    yield from section("Requirements", _list(doc.get("requirements", []), context))
    yield from section("Options", _options(doc.get("options", {}), context))
    if core:
        yield TAKEN_OVER.format(name=name)
    yield from section("Attributes", _attributes(doc.get("attributes", {}), context))
    yield from section("Notes", _list(doc.get("notes", []), context))
    yield from section("Examples", _yaml(document.get("examples") or ""))
    yield from section("Return values", _returns(document.get("return") or {}, context))


def _role(name: str, document: Document) -> Iterator[str]:
    yield f"# {name}"
    for entry, doc in sorted(document["entry_points"].items(), key=lambda pair: (pair[0] != "main", pair[0])):
        context = Context(current_plugin=dom.PluginIdentifier(fqcn=name, type="role"), role_entrypoint=entry)
        yield f"## Entry point `{entry}`"
        yield f"**{doc['short_description']}**"
        yield _text(doc.get("description", []), context)
        yield _options(doc.get("options", {}), context)


def _options_of_role(roles: dict[str, Document], name: str, wanted: Sequence[str]) -> str:
    options = roles[name]["entry_points"]["main"]["options"]
    context = Context(current_plugin=dom.PluginIdentifier(fqcn=name, type="role"), role_entrypoint="main")
    return _options({option: options[option] for option in wanted}, context)


def _options(options: Document, context: Context) -> str:
    rows = [_option_row(path, option, context) for path, option in _flat(options, "options")]
    return table(("Option", "Type", "Default", "Description"), rows)


def _option_row(path: str, option: Document, context: Context) -> tuple[str, ...]:
    description = _cell(option["description"], context) + _choices(option, context)
    return f"{code(path)}{_aliases(option)}", type_of(option), default_of(option), description


def _aliases(option: Document) -> str:
    return "".join(f"<br>{code(alias)}" for alias in option.get("aliases", []))


def _choices(option: Document, context: Context) -> str:
    choices = option.get("choices")
    if isinstance(choices, dict):
        return "".join(f"<br>{code(str(choice))}: {_cell(meaning, context)}" for choice, meaning in choices.items())
    return "<br>One of " + ", ".join(value_as_code(choice) for choice in choices) + "." if choices else ""


def _attributes(attributes: Document, context: Context) -> str:
    rows = []
    for name, attribute in sorted(attributes.items()):
        details = [*_lines(attribute["description"]), *_lines(attribute.get("details", []))]
        support = attribute.get("support") or ", ".join(attribute.get("membership", []))
        rows.append((code(name), support, _cell(details, context)))
    return table(("Attribute", "Support", "Description"), rows)


def _returns(values: Document, context: Context) -> str:
    rows = []
    for path, value in _flat(values, "contains"):
        sample = f"<br>Sample: {value_as_code(value['sample'])}" if "sample" in value else ""
        description = _cell(value["description"], context) + sample
        rows.append((code(path), type_of(value), _cell(value.get("returned", ""), context), description))
    return table(("Key", "Type", "Returned", "Description"), rows)


def _flat(fields: Document, children: str, prefix: str = "") -> Iterator[tuple[str, Document]]:
    for name, field in sorted(fields.items()):
        yield prefix + name, field
        yield from _flat(field.get(children) or {}, children, f"{prefix}{name}.")


def _yaml(text: str) -> str:
    return f"```yaml\n{text.strip()}\n```" if text.strip() else ""


def _list(entries: Any, context: Context) -> str:
    return "\n".join(f"- {_text(entry, context)}" for entry in _lines(entries))


def _text(text: Any, context: Context) -> str:
    return to_md(parse(_lines(text), context), formatter=PlainMarkdown())


def _cell(text: Any, context: Context) -> str:
    return _text(text, context).replace("\n\n", "<br>").replace("\n", " ")


def _lines(text: Any) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def _path(name: str, kind: str) -> Path:
    return PAGES / f"{name.rpartition('.')[2]}_{kind}.md"


def _link_to(name: str, kind: str) -> str:
    ours = name.startswith(f"{COLLECTION}.")
    return f"[{name}]({_path(name, kind).name})" if ours else code(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
