"""Doctor-initiated inquiries: sentences that ask for what only this patient can tell."""

from __future__ import annotations

from cmtmed.inquiry.detect import Decision, detect, explain, find_inquiries
from cmtmed.inquiry.inquiry import SLOTS, Inquiry

__all__ = ["SLOTS", "Decision", "Inquiry", "detect", "explain", "find_inquiries"]
