"""Character classes and alternations that the patterns of PERSON are composed of."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.detect.lexicon.alternation import alternation
from cmtmed.anonymize.detect.lexicon.given_names import DISTINCTIVE_GIVEN, TYPICAL_GIVEN
from cmtmed.anonymize.detect.lexicon.person_context import TITLES
from cmtmed.anonymize.detect.lexicon.rare_characters import RARE
from cmtmed.anonymize.detect.lexicon.surnames import (
    COMPOUND_SURNAMES,
    EVERYDAY_WORD_SURNAMES,
    PLAIN_SURNAMES,
    SINGLE_SURNAMES,
)

TITLE: Final = alternation(TITLES)
COMPOUND_SURNAME: Final = alternation(COMPOUND_SURNAMES)
SURNAME: Final = "".join(sorted(SINGLE_SURNAMES))
PLAIN_SURNAME: Final = "".join(sorted(PLAIN_SURNAMES))
EVERYDAY_SURNAME: Final = "".join(sorted(EVERYDAY_WORD_SURNAMES))
NOUN_SURNAME: Final = "".join(sorted(PLAIN_SURNAMES | EVERYDAY_WORD_SURNAMES | {"于"}))
"""All surnames but grammatical words."""
TYPICAL: Final = "".join(sorted(TYPICAL_GIVEN)) + RARE
"""Characters typical of given names."""
DISTINCTIVE: Final = "".join(sorted(DISTINCTIVE_GIVEN)) + RARE
"""Characters of given names that are seldom anything else."""
END_CHARACTERS: Final = r"\s,，。.;；!！?？:：、)）(（~～"
"""What ends a clause."""
END: Final = rf"[{END_CHARACTERS}]|$"
"""Pattern of the end of a clause."""
