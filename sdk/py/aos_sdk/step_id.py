"""Ids of steps, made as the server makes them: UUIDv7 in Crockford's base32."""

from __future__ import annotations

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def step_id_at(epoch_ms: int) -> str:
    """The id of a step that begins at this instant."""
    high = (epoch_ms << 16) | 0x7000 | secrets.randbits(12)
    value = (high << 64) | (2 << 62) | secrets.randbits(62)
    letters = []
    for _ in range(26):
        letters.append(ALPHABET[value & 31])
        value >>= 5
    return "stp_" + "".join(reversed(letters))


def created_at(id: str) -> int:
    """The instant that an id carries, in milliseconds since 1970."""
    value = 0
    for letter in id[-26:-16]:
        value = value * 32 + ALPHABET.index(letter)
    return value
