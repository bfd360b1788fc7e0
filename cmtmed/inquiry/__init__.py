"""Doctor-initiated inquiries: sentences that ask for information that only this patient can give."""

from __future__ import annotations

from cmtmed.inquiry.detect import Decision, detect, explain, find_inquiries
from cmtmed.inquiry.inquiry import SLOTS, Inquiry
from cmtmed.inquiry.proactivity import Proactivity, proactivity

__all__ = ["SLOTS", "Decision", "Inquiry", "Proactivity", "detect", "explain", "find_inquiries", "proactivity"]
