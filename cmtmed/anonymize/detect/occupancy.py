"""Which characters of a text belong to a span already, so that disjoint spans are chosen in linear time."""

from __future__ import annotations

from collections.abc import Iterable


class Occupancy:
    """The characters of a text that spans occupy.

    Args:
        spans: start and end of the first spans; they may overlap.
    """

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        self._is_occupied = bytearray()
        self.add_all(spans)

    def add(self, start: int, end: int) -> bool:
        """Occupy a span, unless one of its characters is occupied; return whether it was free.

        >>> occupancy = Occupancy([(0, 2)])
        >>> occupancy.add(2, 5), occupancy.add(4, 6)
        (True, False)
        """
        self._extend(end)
        if self._is_occupied.find(1, start, end) >= 0:
            return False
        self._is_occupied[start:end] = b"\1" * (end - start)
        return True

    def add_all(self, spans: Iterable[tuple[int, int]]) -> None:
        """Occupy spans, whatever occupies them already."""
        for start, end in spans:
            self._extend(end)
            self._is_occupied[start:end] = b"\1" * (end - start)

    def _extend(self, length: int) -> None:
        if length > len(self._is_occupied):
            self._is_occupied.extend(bytes(length - len(self._is_occupied)))
