# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The templates of pages and texts, beside this file."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ansible_collections.asr.failback.plugins.module_utils.model.report_words import moment

_FOLDER = Path(__file__).resolve().parent
# What has a meaning in Markdown, within a line.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#~&])")
# What moves a cursor, or is in no text.
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def rendered(name, facts):
    """Return a template of this folder with these facts in it; in HTML, they are escaped."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"text": _in_line, "moment": moment, "urlencode": _in_anchor}
    # Names may hold what no page can. Once over the whole page: a fleet's facts have a hundred thousand texts.
    return _ODD.sub("\N{REPLACEMENT CHARACTER}", environment.get_template(name).render(facts))


def _in_anchor(value):
    """Return a text for the name of an anchor, also one that has no bytes."""
    return quote(str(value), safe="", errors="replace")


def _in_line(value):
    """Return a text that Markdown shows as it is, in a line."""
    return _MARKUP.sub(r"\\\1", " ".join(str(value).split()))
