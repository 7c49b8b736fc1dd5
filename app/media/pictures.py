"""From what somebody sends to what we keep: recognised by content, decoded once, drawn anew without metadata."""

import warnings
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageOps

from app.media.errors import DamagedImage, ImageTooLarge, InvalidImage, MixedImage
from app.media.rules import MOST_BYTES, MOST_PIXELS, SIZES, has_too_many_passes, is_mixed

FORMATS = ("PNG", "JPEG", "WEBP")
QUALITY = 82
# can be made smaller as they are; other modes would first be copied at full size
SMOOTH = {"RGB", "RGBA", "L"}
# whatever Pillow raises on a file that isn't what it says
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError)
SRGB = ImageCms.createProfile("sRGB")


@dataclass(frozen=True, slots=True)
class Drawing:
    """WebP files, one for each of SIZES, and how wide and high the largest of them is."""

    files: dict[str, bytes]
    dimensions: tuple[int, int]


def draw(data: bytes) -> Drawing:
    """The picture in each of SIZES, never larger than it came. Raises InvalidImage, ImageTooLarge.

    Of an animation the first frame. Slow: not for inside a transaction.
    """
    if len(data) > MOST_BYTES:
        raise ImageTooLarge
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # ours is the stricter limit
        _look(data)
        return _drawn(_decoded(data))


def _look(data: bytes) -> None:
    """Refuse by the header, then by the whole file, before a pixel is decoded."""
    with _opened(data) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ImageTooLarge
        if is_mixed(data):
            raise MixedImage
        if image.format == "JPEG" and has_too_many_passes(data):
            raise DamagedImage
        try:
            image.verify()
        except BROKEN:
            raise DamagedImage from None


def _opened(data: bytes) -> Image.Image:
    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, MemoryError):
        raise ImageTooLarge from None
    except BROKEN:
        raise InvalidImage from None


def _decoded(data: bytes) -> Image.Image:
    """At most as large as the largest of SIZES, upright, in sRGB with or without alpha."""
    largest = max(SIZES.values())
    try:
        with _opened(data) as image:
            image.draft(None, (largest, largest))  # a JPEG is decoded at a fraction, when that is enough
            profile = image.info.get("icc_profile")
            is_smooth = image.mode in SMOOTH and "transparency" not in image.info
            wide = image if is_smooth else _in_colours(image)
            wide.thumbnail((largest, largest), Image.Resampling.LANCZOS, reducing_gap=3.0)
            small = _in_colours(ImageOps.exif_transpose(wide))
    except MemoryError:
        raise ImageTooLarge from None
    except BROKEN:
        raise DamagedImage from None
    return _in_srgb(small, profile) if profile else small


def _in_colours(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.point(lambda grey: grey * (1 / 256)).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Phones take pictures in wider colours; without their profile these would look pale."""
    with suppress(*BROKEN, ImageCms.PyCMSError):
        ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(BytesIO(profile)), SRGB, inPlace=True)
    return image


def _drawn(image: Image.Image) -> Drawing:
    drawing = Drawing({}, image.size)
    written: dict[tuple[int, int], bytes] = {}  # what is small already is the same in more than one size
    for size, side in SIZES.items():
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        if image.size not in written:
            written[image.size] = _written(image)
        drawing.files[size] = written[image.size]
    return drawing


def _written(image: Image.Image) -> bytes:
    nothing: dict[str, Any] = {"exif": b"", "icc_profile": None, "xmp": b""}
    into = BytesIO()
    image.save(into, "WEBP", quality=QUALITY, method=4, **nothing)
    return into.getvalue()
