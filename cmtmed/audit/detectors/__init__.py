"""The detectors of the audit, in the order in which they claim a turn.

They share no pattern and no word list with the recognizers, on purpose: what one pass is blind to, the other one may
see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cmtmed.audit.detectors.detector import MASK, Detector
from cmtmed.audit.detectors.numbers import NUMBERS
from cmtmed.audit.detectors.persons import PERSONS
from cmtmed.audit.detectors.places import PLACE_WORDS, PLACES

__all__ = ["DETECTORS", "DETECTORS_BY_NAME", "MASK", "Detector"]

DETECTORS: Final = (*NUMBERS, *PLACES, *PERSONS, *PLACE_WORDS)
"""From the most to the least telling: a turn belongs to the stratum of the first detector that suspects it."""
DETECTORS_BY_NAME: Final[Mapping[str, Detector]] = {detector.name: detector for detector in DETECTORS}
