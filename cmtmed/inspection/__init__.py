"""Inspection of crawls: what files hold, and a source by which a pipeline reads them.

Names tell much (`cmtmed.io`); where they do not, what the texts say does. Candidates are judged by reading samples with
each, by the code that a build reads with (`trial`).
"""

from cmtmed.inspection.inspect import inspect
from cmtmed.inspection.inspection import GroupFinding, Inspection

__all__ = ["GroupFinding", "Inspection", "inspect"]
