"""A text and what replaces parts of it in; the new text, and where each of its places was, out."""

from dataclasses import dataclass, field

from perennial.queries.errors import Place


@dataclass
class Rewriting:
    """Replacements in a text, made from its beginning to its end."""

    text: str
    _pieces: list[str] = field(default_factory=list)
    _edits: list[tuple[Place, Place]] = field(default_factory=list)
    _done: int = 0
    _length: int = 0

    def replace(self, place: Place, by: str) -> None:
        """Put a text in the place of another, which lies after all that were replaced before."""
        self._pieces += [self.text[self._done : place.start], by]
        self._length += place.start - self._done
        self._edits.append((Place(self._length, self._length + len(by)), place))
        self._length, self._done = self._length + len(by), place.end

    @property
    def done(self) -> int:
        """Up to where the text is settled."""
        return self._done

    @property
    def result(self) -> str:
        return "".join(self._pieces) + self.text[self._done :]

    def original(self, place: Place) -> Place:
        """Where a place of the result is in the text as it was."""
        shift = 0
        for new, old in self._edits:
            if place.end <= new.start:
                break
            if place.start < new.end:
                return old
            shift = old.end - new.end
        return Place(place.start + shift, place.end + shift)


def characters(text: str, start: int, length: int) -> Place:
    """A place that is given in bytes of UTF-8, in characters."""
    if text.isascii():
        return Place(start, start + max(length, 1))
    data = text.encode()
    begin = len(data[:start].decode(errors="ignore"))
    return Place(begin, begin + max(len(data[start : start + length].decode(errors="ignore")), 1))
