"""Which licences a published dataset may carry together.

A cleaned dataset is an adaptation of its sources, so every source must allow adaptations, and the terms of all must be
able to hold for the whole at once. The table follows the licences' own texts and the compatibility list that Creative
Commons keeps for its share-alike licences; it is a check against mistakes, no legal advice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cmtmed.errors import did_you_mean


@dataclass(frozen=True)
class License:
    """What matters of a licence when sources are put together.

    Attributes:
        spdx: its SPDX identifier.
        hub: its name in the metadata of a dataset card on the Hub.
        family: licences under which an adaptation must stay share a family; empty where it may take other terms.
        version: of a family whose adaptations may take a later version of it, never an earlier one.
        attribution: whether whoever made it must be named.
        commercial: whether commercial use is allowed.
        adaptations: whether changed versions may be shared.
    """

    spdx: str
    hub: str
    family: str = ""
    version: float = 0.0
    attribution: bool = True
    commercial: bool = True
    adaptations: bool = True


NONE: Final = "unknown"
"""What the Hub's metadata says where there is no licence."""
_ON_HUB: Final = frozenset({
    "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0",
    "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0",
})  # fmt: skip
"""Licences of Creative Commons that the Hub's metadata knows by their version; the others are ``cc`` to it."""


def _creative_commons() -> Iterable[License]:
    for number in (2.0, 2.5, 3.0, 4.0):
        for terms in ("", "-sa", "-nc", "-nc-sa", "-nd", "-nc-nd"):
            name = f"cc-by{terms}-{number}"
            yield License(
                name.upper(),
                name if name in _ON_HUB else "cc",
                family=f"cc-by{terms}" if "-sa" in terms else "",
                version=number,
                commercial="-nc" not in terms,
                adaptations="-nd" not in terms,
            )


KNOWN: Final = {
    one.spdx.lower(): one
    for one in (
        License("Apache-2.0", "apache-2.0"),
        License("MIT", "mit"),
        License("BSD-2-Clause", "bsd-2-clause"),
        License("BSD-3-Clause", "bsd-3-clause"),
        License("ISC", "isc"),
        License("Unlicense", "unlicense", attribution=False),
        License("CC0-1.0", "cc0-1.0", attribution=False),
        License("PDDL-1.0", "pddl", attribution=False),
        License("ODC-By-1.0", "odc-by"),
        License("ODbL-1.0", "odbl", family="odbl"),
        License("CDLA-Permissive-1.0", "cdla-permissive-1.0"),
        License("CDLA-Permissive-2.0", "cdla-permissive-2.0"),
        License("CDLA-Sharing-1.0", "cdla-sharing-1.0", family="cdla-sharing"),
        License("GPL-2.0", "gpl-2.0", family="gpl-2"),
        License("GPL-3.0", "gpl-3.0", family="gpl-3"),
        License("AGPL-3.0", "agpl-3.0", family="agpl-3"),
        *_creative_commons(),
    )
}
"""SPDX identifier in lower case to licence; the Hub's own names are known too."""
_BY_HUB_NAME: Final = {one.hub: one for one in KNOWN.values() if one.hub != "cc"}


def lookup(name: str) -> License | None:
    """Return the licence of that SPDX identifier or Hub name, None if it is not known.

    >>> lookup("apache-2.0").spdx, lookup("mine")
    ('Apache-2.0', None)
    """
    bare = name.strip().lower()
    if "gpl-" in bare:
        bare = bare.removesuffix("-only").removesuffix("-or-later")
    return KNOWN.get(bare) or _BY_HUB_NAME.get(bare)


def objections(names: Iterable[str]) -> list[str]:
    """Say why sources under these licences may not be published together; empty if nothing speaks against it.

    Args:
        names: SPDX identifiers or Hub names, in any case.

    >>> objections(["MIT", "Apache-2.0", "CC-BY-4.0"])
    []
    >>> objections(["CC-BY-SA-4.0", "CC-BY-NC-4.0"])
    ['CC-BY-SA-4.0 asks that everything be shared under it, and CC-BY-NC-4.0 forbids commercial use, which it allows']
    """
    told = sorted(set(names))
    unknown = [name for name in told if lookup(name) is None]
    found = sorted({one for name in told if (one := lookup(name))}, key=lambda one: one.spdx)
    reasons = [f"{name!r} is no licence that is known here ({_nearest(name)})" for name in unknown]
    reasons += [f"{one.spdx} does not allow changed versions, and cleaning makes one" for one in found if _frozen(one)]
    sharing = [one for one in found if one.family and not _frozen(one)]
    for place, one in enumerate(sharing):
        reasons += [
            f"{one.spdx} and {other.spdx} both ask that everything be shared under them"
            for other in sharing[place + 1 :]
            if other.family != one.family
        ]
        if one.commercial:
            reasons += [
                f"{one.spdx} asks that everything be shared under it, and {other.spdx} forbids commercial use, "
                "which it allows"
                for other in found
                if not other.commercial and not other.family and not _frozen(other)
            ]
    return reasons


def may_carry(name: str, sources: Iterable[str]) -> list[str]:
    """Say why a dataset of such sources may not be published under one licence; empty if it may.

    Args:
        name: the licence chosen for the whole.
        sources: the sources' licences.

    >>> may_carry("CC-BY-4.0", ["CC-BY-NC-4.0", "MIT"])
    ['CC-BY-NC-4.0 forbids commercial use, and CC-BY-4.0 would allow it']
    """
    chosen = lookup(name)
    if chosen is None:
        return [f"{name!r} is no licence that is known here ({_nearest(name)})"]
    known = sorted({one for source in sources if (one := lookup(source))}, key=lambda one: one.spdx)
    reasons = [
        f"{one.spdx} asks that everything be shared under it, and {chosen.spdx} is another"
        for one in known
        if one.family and one.family != chosen.family
    ]
    reasons += [
        f"what is shared under {one.spdx} may go on under a later version, and {chosen.spdx} is an earlier one"
        for one in known
        if one.family and one.family == chosen.family and chosen.version < one.version
    ]
    if not chosen.attribution:
        reasons += [
            f"{one.spdx} asks that its makers be named, and {chosen.spdx} waives that"
            for one in known
            if one.attribution
        ]
    if chosen.commercial:
        reasons += [
            f"{one.spdx} forbids commercial use, and {chosen.spdx} would allow it"
            for one in known
            if not one.commercial and not (one.family and one.family != chosen.family)
        ]
    return reasons


def hub_name(name: str) -> str:
    """Return the name that the Hub's metadata knows a licence by, ``other`` if it knows none.

    >>> hub_name("CC-BY-4.0"), hub_name("mine")
    ('cc-by-4.0', 'other')
    """
    known = lookup(name)
    return known.hub if known else name if name == NONE else "other"


def _frozen(one: License) -> bool:
    return not one.adaptations


def _nearest(name: str) -> str:
    near = did_you_mean(name.lower(), KNOWN)
    return near if near.startswith("did you mean") else "give an SPDX identifier, such as CC-BY-4.0"
