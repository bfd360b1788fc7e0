"""cmtmed: turn raw crawls of Chinese medical dialogues into clean Arrow datasets.

Every public name is imported lazily on first access, so ``import cmtmed`` is cheap and pulls in no model library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cmtmed._version import __version__ as __version__

if TYPE_CHECKING:
    from cmtmed.anonymize import Identifier, find_identifiers
    from cmtmed.audit import Audit, audit_build
    from cmtmed.builds import Build, BuildReport
    from cmtmed.builds.explanation import Explanation, explain
    from cmtmed.builds.views import load
    from cmtmed.dedup.duplicate_pairs import near_duplicates
    from cmtmed.engine.build import build
    from cmtmed.errors import CmtmedError
    from cmtmed.hub.publication import Publication
    from cmtmed.hub.publish import publish
    from cmtmed.inquiry import Inquiry, Proactivity, find_inquiries, proactivity
    from cmtmed.inspection import Inspection, inspect
    from cmtmed.pipeline import Pipeline
    from cmtmed.report.writer import write_report
    from cmtmed.resources import bundled
    from cmtmed.stage import CorpusStage, Stage
    from cmtmed.text.normalize import normalize


__all__ = [
    "Audit",
    "Build",
    "BuildReport",
    "CmtmedError",
    "CorpusStage",
    "Explanation",
    "Identifier",
    "Inquiry",
    "Inspection",
    "Pipeline",
    "Proactivity",
    "Publication",
    "Stage",
    "audit_build",
    "build",
    "bundled",
    "explain",
    "find_identifiers",
    "find_inquiries",
    "inspect",
    "load",
    "near_duplicates",
    "normalize",
    "proactivity",
    "publish",
    "write_report",
]

_HOMES = {
    "Audit": "cmtmed.audit",
    "Build": "cmtmed.builds",
    "BuildReport": "cmtmed.builds",
    "CmtmedError": "cmtmed.errors",
    "CorpusStage": "cmtmed.stage",
    "Explanation": "cmtmed.builds.explanation",
    "Identifier": "cmtmed.anonymize",
    "Inquiry": "cmtmed.inquiry",
    "Inspection": "cmtmed.inspection",
    "Pipeline": "cmtmed.pipeline",
    "Proactivity": "cmtmed.inquiry",
    "Publication": "cmtmed.hub.publication",
    "Stage": "cmtmed.stage",
    "audit_build": "cmtmed.audit",
    "build": "cmtmed.engine.build",
    "bundled": "cmtmed.resources",
    "explain": "cmtmed.builds.explanation",
    "find_identifiers": "cmtmed.anonymize",
    "find_inquiries": "cmtmed.inquiry",
    "inspect": "cmtmed.inspection",
    "load": "cmtmed.builds.views",
    "near_duplicates": "cmtmed.dedup.duplicate_pairs",
    "normalize": "cmtmed.text.normalize",
    "proactivity": "cmtmed.inquiry",
    "publish": "cmtmed.hub.publish",
    "write_report": "cmtmed.report.writer",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'cmtmed' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # later accesses bypass __getattr__
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
