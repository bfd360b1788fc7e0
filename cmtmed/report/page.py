"""Put the page together: templates, style, scripts and data in one file that fetches nothing.

Text of a crawl gets into the page in two ways only: through Jinja with autoescape, or as JSON in an inert script
element, which the page's script puts into text nodes. A Content-Security-Policy forbids every fetch and every script
but those whose hash it names, and Vega-Lite's expressions run in its interpreter, so that no ``eval`` is needed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from cmtmed.report import palette
from cmtmed.report.names import KINDS, LANGUAGES, Both, named, why
from cmtmed.report.words import WORDS

TEMPLATES: Final = Path(__file__).parent / "templates"
_SCRIPTS: Final = ("page.js", "dialogues.js")
_ESCAPES: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def render(**values: Any) -> str:
    """Return the page.

    Args:
        values: what ``page.html`` names: figures for Jinja, ``data`` for the scripts.
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["percent"] = lambda value: "<0.1 %" if 0 < value < 0.0005 else f"{100 * value:.1f} %"
    environment.globals.update(
        t=lambda key, **told: _both(
            # What is put in is escaped, unless a template made it.
            *(Markup(words).format(**_plain(told, at)) for at, words in enumerate(WORDS[key]))  # noqa: S704 (our words)
        ),
        name=lambda kind, raw: _both(*named(kind, raw)),
        why=lambda told: _both(*why(told)),
    )
    scripts = [_vega(), *((TEMPLATES / name).read_text(encoding="utf-8") for name in _SCRIPTS)]
    style = _style()
    page: str = environment.get_template("page.html").render(
        policy=_policy(scripts, style),
        scripts=[Markup(script) for script in scripts],  # noqa: S704 (our own files)
        style=Markup(style),  # noqa: S704 (our own file)
        json=lambda value: Markup(as_json(value)),  # noqa: S704 (escaped there)
        **values,
    )
    return page


def as_json(value: object) -> str:
    r"""Return JSON that cannot end the element it stands in, whatever it holds.

    >>> print(as_json("</script>&"))
    "\u003c/script\u003e\u0026"
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def dictionary() -> dict[str, Any]:
    """Return the words and names that the scripts need, by language."""
    return {
        language: {
            "words": {key: words[at] for key, words in WORDS.items()},
            "names": {kind: {name: both[at] for name, both in known.items()} for kind, known in KINDS.items()},
        }
        for at, language in enumerate(LANGUAGES)
    }


def _both(english: str, chinese: str) -> Any:
    """Return both languages; the style sheet shows the one that is chosen."""
    from markupsafe import Markup

    if english == chinese:
        return Markup("<bdi>{}</bdi>").format(english)
    return Markup('<bdi lang="en">{}</bdi><bdi lang="zh-Hans">{}</bdi>').format(english, chinese)


def _plain(told: Mapping[str, Any], at: int) -> dict[str, Any]:
    """Return what is put into a sentence: numbers grouped, words in its language."""
    return {
        name: f"{value:,}" if isinstance(value, int) else value[at] if isinstance(value, Both) else value
        for name, value in told.items()
    }


def _style() -> str:
    light, dark = (
        "".join(f"--{name}:{colour};" for name, colour in one.items()) for one in (palette.LIGHT, palette.DARK)
    )
    sheet = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return (
        f":root{{{light}--fonts:{palette.FONTS};color-scheme:light}}\n"
        f':root[data-theme="dark"]{{{dark}color-scheme:dark}}\n'
        f'{sheet}\n@media print{{:root,:root[data-theme="dark"]{{{light}color-scheme:light}}{_printed()}}}\n'
    )


def _printed() -> str:
    """Return rules by which charts print light that are still dark then, their colours one for one.

    The script draws them anew before it prints, but no browser has to wait for it. A heat map that is still dark keeps
    its ground, because its colours are not among the palette's.
    """
    pairs = {dark: palette.LIGHT[name] for name, dark in palette.DARK.items()}
    pairs |= dict(zip(palette.CATEGORIES["dark"], palette.CATEGORIES["light"], strict=True))
    place = '.chart[data-theme="dark"]:not([data-chart="slots"])'
    rules = (
        f'{place} [{name}="{dark}"]{{{name}:{light}}}' for dark, light in pairs.items() for name in ("fill", "stroke")
    )
    ground = f"background:{palette.DARK['paper']};print-color-adjust:exact"
    return f'{"".join(rules)}[data-chart="slots"][data-theme="dark"]{{{ground}}}'


def _policy(scripts: Sequence[str], style: str) -> str:
    """Return a policy that allows nothing but these scripts and this style.

    ``style-src-attr`` is needed by the charting library, which sets the style attribute of what it draws.
    """
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src-elem 'sha256-{_digest(style)}'; "
        "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed in one script, with their licence."""
    import altair as alt
    import vl_convert

    # The Vega-Lite that Altair writes for, where it is there; else the latest.
    wanted = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    version = wanted if wanted in vl_convert.get_vegalite_versions() else None
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)
    licence = (TEMPLATES / "vega-licence.txt").read_text(encoding="utf-8")
    # In a script element these two would not be what they are in JavaScript.
    script: str = f"/*\n{licence}*/\n{bundle}".replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return script
