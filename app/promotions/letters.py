"""The random part of codes that are made many at a time: easy to read, hard to guess."""

from collections.abc import Callable
from secrets import token_bytes

# none that is easily taken for another (B and 8; I, L and 1; O and 0; S and 5; U and V; Z and 2), and no vowel, so that
# no code spells a word
LETTERS = "CDFGHJKMNPQRTVWXY34679"

_WHOLE_ROUNDS = 256 - 256 % len(LETTERS)
_LETTER_OF = bytes(ord(LETTERS[byte % len(LETTERS)]) for byte in range(256))
_REMAINDER = bytes(range(_WHOLE_ROUNDS, 256))


def drawn(count: int, length: int, *, chance: Callable[[int], bytes] = token_bytes) -> list[str]:
    """So many texts of so many letters, every letter as likely as any other.

    Bytes beyond the last whole round of the letters are thrown away: they would favour the first ones.
    """
    wanted, letters = count * length, b""
    while len(letters) < wanted:
        missing = wanted - len(letters)
        letters += chance(missing + missing // 16 + 8).translate(_LETTER_OF, _REMAINDER)
    return [letters[start : start + length].decode() for start in range(0, wanted, length)]
