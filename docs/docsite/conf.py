# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Sphinx builds the site of the documentation. tools/docsite.py gathers its pages first, and gives the version."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

project = "asr.failback"
author = "Contributors to the asr.failback project"
copyright = author
html_title = project

extensions = ["myst_parser", "sphinx_antsibull_ext"]
# antsibull-docs writes it in any case; docs/reference/README.md has the playbooks as well.
exclude_patterns = ["docs/reference/index.rst"]
# The anchors of headings as GitHub makes them: the pages are read there, too.
myst_heading_anchors = 6
myst_enable_extensions = ["tasklist"]
# Code without a language is a command line, or what a command prints.
highlight_language = "text"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
# The tables of options take their colors from the theme, so that they follow its light and its dark form.
antsibull_ext_color_scheme = "none"
_COLORS = {
    "links-background": "color-brand-primary",
    "links-background-active": "color-brand-content",
    "links-focus-outline": "color-foreground-primary",
    "links-text": "color-background-primary",
    "table-background-header": "color-table-header-background",
    "table-background-even": "color-background-secondary",
    "table-background-odd": "color-background-primary",
    "table-border": "color-table-border",
    "narrowtable-background": "color-background-secondary",
    "option-type": "color-api-pre-name",
    "option-elements": "color-api-pre-name",
    "option-required": "color-problematic",
    "option-version-added": "color-foreground-secondary",
    "option-aliases": "color-foreground-secondary",
    "option-default": "color-brand-content",
    "option-sample": "color-brand-content",
    "option-sample-header": "color-foreground-primary",
    "attribute-support-none": "color-problematic",
    "attribute-support-partial": "color-foreground-primary",
    "attribute-support-full": "color-foreground-primary",
    "attribute-support-na": "color-foreground-secondary",
    "deprecation-border": "color-foreground-border",
    "deprecation-background": "color-background-secondary",
    "deprecation-color": "color-foreground-primary",
}
html_theme_options = {
    "light_css_variables": {f"antsibull-{name}": f"var(--{theirs})" for name, theirs in _COLORS.items()},
    "source_repository": "https://github.com/asr-failback/asr.failback/",
}

_CORE = "https://docs.ansible.com/ansible/latest"
# What antsibull-docs writes refers to labels of Ansible's own site. No inventory of that site is fetched: a build needs
# no network.
_PLUGIN = re.compile(r"ansible_collections\.(\w+)\.(\w+)\.([\w.]+_\w+)$")
_LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def _page_of_core(kind: str, target: str) -> str | None:
    """Return the page of Ansible's own site for a reference of some kind; None if it is not known there."""
    if kind == "envvar":
        return f"reference_appendices/config.html#envvar-{target}"
    found = _PLUGIN.match(target)
    return f"collections/{found[1]}/{found[2]}/{found[3]}.html" if found else _LABELS.get(target)


def resolve_reference_to_core(_app: Any, _env: Any, node: Any, content: nodes.TextElement) -> nodes.Node | None:
    """Return a link to Ansible's own site for a reference that this site does not have; None if it is none."""
    page = _page_of_core(node.get("reftype", ""), node.get("reftarget", ""))
    return nodes.reference("", "", content, refuri=f"{_CORE}/{page}", internal=False) if page else None


def setup(app: Any) -> None:
    """Connect what the site adds to Sphinx."""
    app.connect("missing-reference", resolve_reference_to_core)
