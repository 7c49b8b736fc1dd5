"""Pictures, and what only looks like one."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

from app.media import service as media

GREEN = (15, 159, 116)


def image_file(kind: str = "PNG", size: tuple[int, int] = (60, 40), colour: Any = GREEN, **how: Any) -> bytes:
    """A file with a picture of one colour; `how` goes to Pillow."""
    mode = how.pop("mode", "RGB" if not isinstance(colour, int) else "L")
    into = BytesIO()
    Image.new(mode, size, colour).save(into, kind, **how)
    return into.getvalue()


def stored_picture(**how: Any) -> str:
    """The name of a picture that is stored."""
    return media.take(image_file(**how))


def png_of(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises that many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")


def webp_of(width: int, height: int) -> bytes:
    """A WebP of a few bytes whose header promises that many pixels."""
    body = (
        b"VP8X"
        + struct.pack("<I", 10)
        + bytes(4)
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
