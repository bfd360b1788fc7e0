"""Licence compatibility: which sources may be published together, and under which licence.

A cleaned dataset is an adaptation of its sources, so every source must allow adaptations, and it must be possible to
fulfil the terms of all sources at once. The table follows the licences' own texts and the compatibility list that
Creative Commons keeps for its share-alike licences; it guards against mistakes and is not legal advice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cmtmed.errors import did_you_mean


@dataclass(frozen=True)
class License:
    """Terms of a licence that matter when sources are combined.

    Attributes:
        spdx: its SPDX identifier.
        hub: its name in the metadata of a dataset card on the Hub.
        family: shared by licences within which adaptations must stay; empty if other terms are allowed.
        version: adaptations may use a later version of the same family, never an earlier one.
        attribution: whether the authors must be named.
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
"""The Hub's name for a missing licence."""
_ON_HUB: Final = frozenset({
    "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0",
    "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0",
})  # fmt: skip
"""Licences of Creative Commons with a name of their own in the Hub's metadata; the others are ``cc`` there."""


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
    license_.spdx.lower(): license_
    for license_ in (
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
"""SPDX identifier in lower case to licence; `look_up` also knows the Hub's own names."""
_BY_HUB_NAME: Final = {license_.hub: license_ for license_ in KNOWN.values() if license_.hub != "cc"}


def look_up(name: str) -> License | None:
    """Return the licence with an SPDX identifier or Hub name, None if it is unknown.

    >>> look_up("apache-2.0").spdx, look_up("mine")
    ('Apache-2.0', None)
    """
    key = name.strip().lower()
    if "gpl-" in key:
        key = key.removesuffix("-only").removesuffix("-or-later")
    return KNOWN.get(key) or _BY_HUB_NAME.get(key)


def find_conflicts(names: Iterable[str]) -> list[str]:
    """Return the reasons why sources under these licences may not be published together; empty if they may.

    Args:
        names: SPDX identifiers or Hub names, in any case.

    >>> find_conflicts(["MIT", "Apache-2.0", "CC-BY-4.0"])
    []
    >>> find_conflicts(["CC-BY-SA-4.0", "CC-BY-NC-4.0"])
    ['CC-BY-SA-4.0 requires sharing everything under it, and it allows commercial use, which CC-BY-NC-4.0 forbids']
    """
    names = sorted(set(names))
    unknown = [name for name in names if look_up(name) is None]
    licenses = sorted({license_ for name in names if (license_ := look_up(name))}, key=lambda license_: license_.spdx)
    reasons = [f"{name!r} is not a known licence ({_suggest_name(name)})" for name in unknown]
    reasons += [
        f"{license_.spdx} does not allow modified versions, and cleaning makes one"
        for license_ in licenses
        if _forbids_changes(license_)
    ]
    sharing = [license_ for license_ in licenses if license_.family and not _forbids_changes(license_)]
    for index, license_ in enumerate(sharing):
        reasons += [
            f"{license_.spdx} and {other.spdx} both require sharing everything under their own terms"
            for other in sharing[index + 1 :]
            if other.family != license_.family
        ]
        if license_.commercial:
            reasons += [
                f"{license_.spdx} requires sharing everything under it, and it allows commercial use, which "
                f"{other.spdx} forbids"
                for other in licenses
                if not other.commercial and not other.family and not _forbids_changes(other)
            ]
    return reasons


def find_license_objections(name: str, sources: Iterable[str]) -> list[str]:
    """Return the reasons why a dataset of such sources may not be published under a licence; empty if it may.

    Args:
        name: the licence chosen for the whole.
        sources: the sources' licences.

    >>> find_license_objections("CC-BY-4.0", ["CC-BY-NC-4.0", "MIT"])
    ['CC-BY-NC-4.0 forbids commercial use, which CC-BY-4.0 allows']
    """
    target = look_up(name)
    if target is None:
        return [f"{name!r} is not a known licence ({_suggest_name(name)})"]
    source_licenses = sorted(
        {license_ for source in sources if (license_ := look_up(source))}, key=lambda license_: license_.spdx
    )
    reasons = [
        f"{license_.spdx} requires sharing everything under it, and {target.spdx} is another licence"
        for license_ in source_licenses
        if license_.family and license_.family != target.family
    ]
    reasons += [
        f"{license_.spdx} allows adaptations under later versions of it only, and {target.spdx} is an earlier one"
        for license_ in source_licenses
        if license_.family and license_.family == target.family and target.version < license_.version
    ]
    if not target.attribution:
        reasons += [
            f"{license_.spdx} requires attribution, which {target.spdx} waives"
            for license_ in source_licenses
            if license_.attribution
        ]
    if target.commercial:
        reasons += [
            f"{license_.spdx} forbids commercial use, which {target.spdx} allows"
            for license_ in source_licenses
            if not license_.commercial and not (license_.family and license_.family != target.family)
        ]
    return reasons


def to_hub_name(name: str) -> str:
    """Return the Hub's name of a licence, ``other`` if it has none.

    >>> to_hub_name("CC-BY-4.0"), to_hub_name("mine")
    ('cc-by-4.0', 'other')
    """
    license_ = look_up(name)
    return license_.hub if license_ else name if name == NONE else "other"


def _forbids_changes(license_: License) -> bool:
    return not license_.adaptations


def _suggest_name(name: str) -> str:
    suggestion = did_you_mean(name.lower(), KNOWN)
    return suggestion if suggestion.startswith("did you mean") else "give an SPDX identifier, such as CC-BY-4.0"
