"""What a picture is called, in which sizes it is kept, and what must not be in its file."""

import re
import secrets
import zipfile
from io import BytesIO

MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 40_000_000
# the longer side in pixels
SIZES = {"large": 1280, "card": 640, "thumb": 256}
# a progressive JPEG has about ten passes over the picture; thousands of them fit into a small file, and take minutes
MOST_PASSES = 50
PASS = b"\xff\xda"
# chance, and the width and height of the largest size, so that pages can leave room for it
NAME = re.compile(r"[0-9a-f]{32}-(?P<width>[1-9][0-9]{0,3})x(?P<height>[1-9][0-9]{0,3})")
FILE = re.compile(rf"(?P<picture>{NAME.pattern})-(?:{'|'.join(SIZES)})\.webp")
SMUGGLED = re.compile(rb"%pdf-|<script|<html|<!doctype|<\?php|<svg[\s/>:]")


def file_name(picture: str, size: str) -> str:
    """Under which name a size of a picture is stored and served."""
    return f"{picture}-{size}.webp"


def new_name(width: int, height: int) -> str:
    """A name that nobody can guess, for a picture that is so large."""
    return f"{secrets.token_hex(16)}-{width}x{height}"


def dimensions(picture: str, size: str) -> tuple[int, int]:
    """Width and height of one size of a picture, in pixels."""
    named = NAME.fullmatch(picture)
    if named is None:
        return SIZES[size], SIZES[size]
    width, height = int(named["width"]), int(named["height"])
    scale = min(1, SIZES[size] / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def is_name(text: str) -> bool:
    """Whether it could be the name of a picture of ours."""
    return NAME.fullmatch(text) is not None


def picture_of(file: str) -> str | None:
    """The picture that a file is a size of; None if it isn't one of our names."""
    named = FILE.fullmatch(file)
    return named["picture"] if named else None


def is_mixed(data: bytes) -> bool:
    """Whether another program could take the file for a page, a script, a document or an archive."""
    return SMUGGLED.search(data.lower()) is not None or zipfile.is_zipfile(BytesIO(data))


def has_too_many_passes(data: bytes) -> bool:
    """Whether decoding this JPEG would take far longer than its size says."""
    return data.count(PASS) > MOST_PASSES
