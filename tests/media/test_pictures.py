"""What is taken for a picture, and what becomes of it."""

import zipfile
from io import BytesIO

import pytest
from PIL import Image

from app.errors import DomainError
from app.media import pictures
from app.media.errors import DamagedImage, ImageTooLarge, InvalidImage, MixedImage
from app.media.rules import MOST_BYTES, PASS, SIZES, dimensions, new_name
from tests.make_media import GREEN, image_file, png_of, webp_of

PLAIN = image_file("JPEG")


def drawn(data: bytes, size: str = "large") -> Image.Image:
    image = Image.open(BytesIO(pictures.draw(data).files[size]))
    image.load()
    return image


def is_like(found: object, wanted: tuple[int, ...]) -> bool:
    assert isinstance(found, tuple)
    return len(found) == len(wanted) and all(abs(a - b) <= 12 for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_each_kind_becomes_webp_in_every_size(kind: str) -> None:
    drawing = pictures.draw(image_file(kind, (1600, 800)))
    found = {size: Image.open(BytesIO(file)) for size, file in drawing.files.items()}
    assert drawing.dimensions == (1280, 640)
    assert {size: image.size for size, image in found.items()} == {
        "large": (1280, 640),
        "card": (640, 320),
        "thumb": (256, 128),
    }
    assert {image.format for image in found.values()} == {"WEBP"}
    assert is_like(found["large"].convert("RGB").getpixel((5, 5)), GREEN)


def test_a_small_picture_is_not_blown_up() -> None:
    assert [drawn(PLAIN, size).size for size in SIZES] == [(60, 40)] * 3


@pytest.mark.parametrize(
    ("mode", "colour"), [("L", 128), ("P", 3), ("1", 1), ("LA", (9, 200)), ("I;16", 40_000), ("CMYK", (9, 9, 9, 9))]
)
def test_however_colours_are_written(mode: str, colour: object) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert drawn(image_file(kind, mode=mode, colour=colour)).size == (60, 40)


def test_sixteen_bits_of_grey_stay_the_same_grey() -> None:
    assert is_like(drawn(image_file(mode="I;16", colour=128 * 256)).convert("RGB").getpixel((5, 5)), (128, 128, 128))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_shines_through_still_does(kind: str) -> None:
    image = drawn(image_file(kind, mode="RGBA", colour=(*GREEN, 0)))
    assert image.mode == "RGBA"
    assert image.getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_where_it_was_taken_and_by_whom_is_forgotten() -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera of Ada"
    exif[0x8825] = {1: "N", 2: (51.0, 30.0, 0.0)}
    for size in SIZES:
        image = drawn(image_file("JPEG", exif=exif, comment=b"by Ada"), size)
        assert not image.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()


def test_a_picture_that_lies_on_its_side_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert drawn(image_file("JPEG", (60, 40), exif=exif)).size == (40, 60)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(40), image_file("GIF"), image_file("BMP")],
)
def test_whatever_is_no_picture_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidImage):
        pictures.draw(data)


def test_svg_is_refused() -> None:
    with pytest.raises(InvalidImage):
        pictures.draw(b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')


@pytest.mark.parametrize("bomb", [png_of(30_000, 30_000), png_of(8_000, 5_001), webp_of(16_000, 16_000)])
def test_too_many_pixels_are_refused_by_the_header_alone(bomb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_decoded", lambda _data: pytest.fail("it was decoded"))
    with pytest.raises(ImageTooLarge):
        pictures.draw(bomb)


def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(ImageTooLarge):
        pictures.draw(bytes(MOST_BYTES + 1))


def test_a_jpeg_of_thousands_of_passes_is_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_decoded", lambda _data: pytest.fail("it was decoded"))
    with pytest.raises(InvalidImage):
        pictures.draw(image_file("JPEG", progressive=True) + PASS * 1000)


@pytest.mark.parametrize(
    "more",
    [b"%PDF-1.7", b"<ScRiPt>", b"<html>", b"<!DOCTYPE html>", b"<svg onload=x>", b"<?php echo 1;"],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_is_something_else_as_well_is_refused(kind: str, more: bytes) -> None:
    with pytest.raises(MixedImage):
        pictures.draw(image_file(kind) + more)


def test_a_picture_that_is_an_archive_as_well_is_refused() -> None:
    archive = BytesIO(PLAIN)
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("index.html", "hello")
    with pytest.raises(MixedImage):
        pictures.draw(archive.getvalue())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_picture_that_is_cut_off_is_refused(kind: str, part: float) -> None:
    noisy = Image.effect_noise((200, 200), 90)
    into = BytesIO()
    noisy.save(into, kind)
    data = into.getvalue()
    with pytest.raises(InvalidImage):
        pictures.draw(data[: int(len(data) * part)])


def test_every_refusal_says_what_to_do() -> None:
    for refusal in (InvalidImage(), DamagedImage(), MixedImage(), ImageTooLarge()):
        assert isinstance(refusal, DomainError)
        assert "Please" in str(refusal.message)
        assert refusal.code in {"invalid_image", "image_too_large"}


@pytest.mark.parametrize("size", [(1600, 900), (333, 1777), (60, 40), (3000, 2)])
def test_pages_know_how_much_room_each_size_takes(size: tuple[int, int]) -> None:
    drawing = pictures.draw(image_file("PNG", size))
    name = new_name(*drawing.dimensions)
    for kind, file in drawing.files.items():
        told, true = dimensions(name, kind), Image.open(BytesIO(file)).size
        assert all(abs(a - b) <= 1 for a, b in zip(told, true, strict=True)), (kind, told, true)
