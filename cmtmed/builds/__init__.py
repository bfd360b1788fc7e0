"""Finished builds, read only: manifest, report and tables."""

from __future__ import annotations

from cmtmed.builds.build import Build
from cmtmed.builds.manifest import Manifest
from cmtmed.builds.report import BuildReport

__all__ = ["Build", "BuildReport", "Manifest"]
