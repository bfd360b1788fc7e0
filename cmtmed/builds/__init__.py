"""A finished build, read only: what it was made from, what it did, and its tables."""

from __future__ import annotations

from cmtmed.builds.build import Build
from cmtmed.builds.manifest import Manifest
from cmtmed.builds.report import BuildReport

__all__ = ["Build", "BuildReport", "Manifest"]
