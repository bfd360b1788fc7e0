"""What several test files share: how long an example may take, and builds that they only read.

A test that changes one of the builds copies it first.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

import cmtmed
from tests.support import reports

# How fast a machine is, and what else it does, is no property of the code: benchmarks measure speed. Where CI is set,
# hypothesis takes a profile of its own, which says the same and draws the same examples every time.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """Return the build of the example crawl."""
    return reports.build_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def page(demo, tmp_path_factory):
    """Return the page of the example crawl."""
    return cmtmed.write_report(demo, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """Return a build whose every word tries to be more than a word."""
    return reports.build_hostile(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="session")
def canaries(tmp_path_factory):
    """Return a build with a canary in every text column."""
    return reports.build_canaries(tmp_path_factory.mktemp("canaries"))
