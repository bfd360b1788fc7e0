"""What may be left in a build: a second pass, a sample for a person to read, an estimate and a privacy statement."""

from __future__ import annotations

from cmtmed.audit.audit import Audit, audit_build, is_settled, read_audit

__all__ = ["Audit", "audit_build", "is_settled", "read_audit"]
