"""A page's values as HTML."""

import base64
import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from rnnexp.printable import printable
from rnnexp.results.page import glossary
from rnnexp.results.page.content import Page, is_missing, sort_key

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

#: Where a word of a cell may break: behind the sign of a setting, and where it is very long.
_JOINTS = re.compile(r"(?<==)(?=[A-Za-z])|(?<=\S{24})(?!\S{0,3}(?:\s|$))")


def html(page: Page) -> str:
    """The same page gives the same text. Whatever a user wrote stands there as text."""
    return _template().render(page=page, words=glossary.explained(page))


@cache
def _template() -> "Template":
    """Compiled once in a process; Jinja2 is imported when the first page is made."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("rnnexp.results.page", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, finalize=_shown,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    own = {name: loader.get_source(environment, name)[0] for name in ("page.css", "page.js")}
    script = own["page.js"]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals |= {
        "css": Markup(own["page.css"]), "script": Markup(script), "script_digest": digest,
    }  # fmt: skip
    environment.tests["missing"] = is_missing
    environment.filters["sort_key"] = sort_key
    environment.filters["breakable"] = _breakable
    environment.filters["markup"] = Markup  # of what `svg.inlined` has made, and of nothing else
    return environment.get_template("page.html.j2")


def _breakable(text: str) -> "Markup":
    """The text of a cell: a number and what stands in brackets behind it break between the two, a
    setting behind its sign, and nothing within a number.
    """
    from markupsafe import Markup

    number, bracket, rest = printable(text).partition(" (")
    if bracket and number[:1] in "+-.0123456789":
        return Markup(
            '<span><span class="whole">{}</span> <span class="whole">({}</span></span>'
        ).format(number, rest)
    return Markup("<wbr>").join(_JOINTS.split(printable(text)))


def _shown(value: Any) -> Any:
    """What an expression of the template shows: no character that hides or turns another."""
    from markupsafe import Markup

    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
