"""Rendering of the page: templates, style, scripts and data in one file that fetches nothing.

Crawled text enters the page in two ways only: through Jinja with autoescape, or as JSON in an inert script element,
which the page's script copies into text nodes. A Content-Security-Policy forbids every fetch and all scripts except
those whose hashes it lists, and Vega-Lite's expressions run in its interpreter, so that no ``eval`` is needed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmtmed.report import palette
from cmtmed.report.labels import LABELS_BY_CATEGORY, LANGUAGES, Bilingual, get_label, translate_explanation
from cmtmed.report.texts import TEXTS

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATES: Final = Path(__file__).parent / "templates"
_SCRIPTS: Final = ("page.js", "dialogues.js")
_ESCAPES: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def render(**values: object) -> str:
    """Render the page.

    Args:
        values: variables of ``page.html``, and ``data`` for the scripts.
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
    environment.filters["percent"] = lambda value: "<0.1 %" if 0 < abs(value) < 0.0005 else f"{100 * value:.1f} %"
    environment.globals.update(
        t=lambda key, **values: _render_both(
            *(
                # Values are escaped unless a template produced them; the text is ours.
                Markup(text).format(**_localize_values(values, index))
                for index, text in enumerate(TEXTS[key])
            )
        ),
        name=lambda category, raw: _render_both(*get_label(category, raw)),
        explain=lambda explanation: _render_both(*translate_explanation(explanation)),
    )
    scripts = [_bundle_vega(), *((TEMPLATES / name).read_text(encoding="utf-8") for name in _SCRIPTS)]
    style = _build_style()
    page: str = environment.get_template("page.html").render(
        policy=_build_policy(scripts, style),
        scripts=[Markup(script) for script in scripts],
        style=Markup(style),
        json=lambda value: Markup(to_inert_json(value)),
        **values,
    )
    return page


def to_inert_json(value: object) -> str:
    r"""Return JSON that cannot close the element that contains it.

    >>> print(to_inert_json("</script>&"))
    "\u003c/script\u003e\u0026"
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def build_dictionary() -> dict[str, object]:
    """Return the texts and labels that the scripts need, by language."""
    return {
        language: {
            "texts": {key: text[index] for key, text in TEXTS.items()},
            "labels": {
                category: {name: label[index] for name, label in labels.items()}
                for category, labels in LABELS_BY_CATEGORY.items()
            },
        }
        for index, language in enumerate(LANGUAGES)
    }


def _render_both(english: str, chinese: str) -> Markup:
    """Return markup with both languages; the style sheet shows the selected one."""
    from markupsafe import Markup

    if english == chinese:
        return Markup("<bdi>{}</bdi>").format(english)
    return Markup('<bdi lang="en">{}</bdi><bdi lang="zh-Hans">{}</bdi>').format(english, chinese)


def _localize_values(placeholders: Mapping[str, object], index: int) -> dict[str, object]:
    """Return the values of a text's placeholders: numbers with separators, labels in one language."""
    return {
        name: f"{value:,}" if isinstance(value, int) else value[index] if isinstance(value, Bilingual) else value
        for name, value in placeholders.items()
    }


def _build_style() -> str:
    light, dark = (
        "".join(f"--{name}:{colour};" for name, colour in colours.items()) for colours in (palette.LIGHT, palette.DARK)
    )
    sheet = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return (
        f":root{{{light}--fonts:{palette.FONTS};color-scheme:light}}\n"
        f':root[data-theme="dark"]{{{dark}color-scheme:dark}}\n'
        f'{sheet}\n@media print{{:root,:root[data-theme="dark"]{{{light}color-scheme:light}}{_build_print_rules()}}}\n'
    )


def _build_print_rules() -> str:
    """Return CSS rules that print charts still drawn dark in the light theme, colour by colour.

    The script redraws charts before printing, but browsers need not wait for it. A heat map that is still dark keeps
    its background, because its colours are not in the palette.
    """
    pairs = {dark: palette.LIGHT[name] for name, dark in palette.DARK.items()}
    pairs |= dict(zip(palette.CATEGORIES["dark"], palette.CATEGORIES["light"], strict=True))
    selector = '.chart[data-theme="dark"]:not([data-chart="slots"])'
    rules = (
        f'{selector} [{name}="{dark}"]{{{name}:{light}}}'
        for dark, light in pairs.items()
        for name in ("fill", "stroke")
    )
    ground = f"background:{palette.DARK['paper']};print-color-adjust:exact"
    return f'{"".join(rules)}[data-chart="slots"][data-theme="dark"]{{{ground}}}'


def _build_policy(scripts: Sequence[str], style: str) -> str:
    """Return a policy that allows only these scripts and this style sheet.

    The charting library needs ``style-src-attr``: it sets style attributes on the elements that it draws.
    """
    allowed = " ".join(f"'sha256-{_hash_source(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src-elem 'sha256-{_hash_source(style)}'; "
        "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def _hash_source(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _bundle_vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed in one script, with their licence."""
    import altair as alt
    import vl_convert

    # The Vega-Lite version that Altair targets, if available; otherwise the latest.
    altair_version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    version = altair_version if altair_version in vl_convert.get_vegalite_versions() else None
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)
    licence = (TEMPLATES / "vega-licence.txt").read_text(encoding="utf-8")
    # Inside a script element these two sequences would be parsed as HTML.
    script: str = f"/*\n{licence}*/\n{bundle}".replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return script
