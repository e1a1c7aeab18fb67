"""A figure's SVG as a part of a page: without what only a file of its own needs."""

import re
from dataclasses import dataclass

from rnnexp.printable import printable
from rnnexp.results.figure_files import split_fonts

#: What matplotlib says of all lines in each file; the page's own styles say it once.
_OF_ALL = "*{stroke-linejoin: round; stroke-linecap: butt}"


@dataclass(frozen=True)
class Inlined:
    """text: the `<svg>` element. width: in points of 1/72 inch. styles: rules that it needs, such
    as the fonts it carries, which figures have in common.
    """

    text: str
    width: float
    styles: tuple[str, ...] = ()


def inlined(svg: str, prefix: str, alternative: str) -> Inlined:
    """An SVG file's text as an element of a page.

    prefix: of its ids, which matplotlib counts anew in each file. alternative: what it shows, for
    those who do not see it. Characters that would turn or hide its words are written out.

    >>> made = inlined('<?xml version="1.0"?><svg width="72pt" height="36pt"><g id="a"/></svg>',
    ...                "f", "a < b")
    >>> made.text, made.width
    ('<svg role="img" aria-label="a &lt; b"><g id="f-a"/></svg>', 72.0)
    """
    text, faces = split_fonts(printable(svg[svg.index("<svg") :]))
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    styles = re.findall(r"<style[^>]*>(.*?)</style>", text, flags=re.DOTALL)
    text = re.sub(r"<style[^>]*>.*?</style>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*</defs>\s*", "", text)
    text = re.sub(r"<[^<>]+>", lambda tag: _prefixed(tag[0], prefix), text)
    rules = [rule for style in styles if (rule := _rule(style))]
    return Inlined(_framed(text, alternative), _width(svg), (*rules, *faces))


def _prefixed(tag: str, prefix: str) -> str:
    tag = re.sub(r'(\sid=")', rf"\g<1>{prefix}-", tag)
    tag = tag.replace("url(#", f"url(#{prefix}-")
    return re.sub(r'\s(?:xlink:)?href="#', f' href="#{prefix}-', tag)


def _framed(text: str, alternative: str) -> str:
    """Its size is the page's to say."""
    tag, end, rest = text.partition(">")
    tag = re.sub(r'\s(?:width|height|xmlns:xlink|xmlns|version)="[^"]*"', "", tag)
    tag = tag.replace("<svg", f'<svg role="img" aria-label="{_attribute(alternative)}"', 1)
    return tag + end + rest.rstrip()


def _width(svg: str) -> float:
    found = re.search(r'<svg[^>]*\swidth="([\d.]+)(?:pt)?"', svg)
    return float(found[1]) if found else 460.0


def _rule(style: str) -> str:
    rule = style.strip().removeprefix("<![CDATA[").removesuffix("]]>").strip()
    return "" if rule == _OF_ALL or "</" in rule else rule


def _attribute(text: str) -> str:
    from markupsafe import escape

    return str(escape(printable(" ".join(text.split()))))
