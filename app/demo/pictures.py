"""Pictures of the demo's rewards: flat shapes on a coloured ground, drawn at each load and the same each time.

Drawn in units of which a picture has 400 by 300, twice as large as they are kept, so that edges come out smooth.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from math import cos, pi, radians, sin

import structlog
from PIL import Image, ImageDraw

from app.errors import DomainError
from app.media import service as media

log = structlog.get_logger(__name__)
WIDTH, HEIGHT = 400, 300
KEPT = 560  # pixels across
FINER = 2
Point = tuple[float, float]
Box = tuple[float, float, float, float]

CREAM, PAPER, INK = "#fff7e6", "#fffdf7", "#1f2b27"
GREEN, DEEP, MINT, LEAF = "#0b6b4d", "#084c37", "#bfe3d2", "#2f9e74"
GOLD, AMBER, CORAL, ROSE = "#eebc4e", "#c98a1b", "#ee7f6a", "#f6b3a4"
SKY, BLUE, VIOLET, LILAC = "#bcd8f5", "#2f6fbd", "#5d4aa8", "#cfc5f3"
STEEL, SHADE, WOOD = "#dfe8e4", "#b4c4bd", "#a8683a"


class Pen:
    """Draws shapes in units onto one picture."""

    def __init__(self, ground: str, disc: str) -> None:
        self.scale = KEPT * FINER / WIDTH
        self.image = Image.new("RGB", (KEPT * FINER, round(HEIGHT * self.scale)), ground)
        self.onto = ImageDraw.Draw(self.image)
        self.disc(200, 150, 118, disc)

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        self.oval((x - radius, y - radius, x + radius, y + radius), colour)

    def oval(self, box: Box, colour: str) -> None:
        self.onto.ellipse([each * self.scale for each in box], fill=colour)

    def ring(self, x: float, y: float, radius: float, colour: str, width: float) -> None:
        box = [each * self.scale for each in (x - radius, y - radius, x + radius, y + radius)]
        self.onto.ellipse(box, outline=colour, width=round(width * self.scale))

    def shape(self, points: Iterable[Point], colour: str) -> None:
        self.onto.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=colour)

    def box(self, box: Box, colour: str, *, radius: float = 0, turn: float = 0) -> None:
        """With round corners, turned by so many degrees around its middle."""
        self.shape(turned(rounded(box, radius), middle(box), turn), colour)

    def line(self, points: Iterable[Point], colour: str, width: float) -> None:
        """With round ends and bends."""
        places = list(points)
        self.onto.line([(x * self.scale, y * self.scale) for x, y in places], colour, round(width * self.scale))
        for x, y in places:
            self.disc(x, y, width / 2, colour)

    def leaf(self, at: Point, length: float, width: float, turn: float, colour: str) -> None:
        """Pointed at both ends; it begins `at` a point and lies towards `turn` degrees."""
        x, y = at
        half = [(length * step / 8, width / 2 * sin(pi * step / 8)) for step in range(9)]
        outline = [(x + along, y + aside) for along, aside in half]
        outline += [(x + along, y - aside) for along, aside in half[::-1]]
        self.shape(turned(outline, at, turn), colour)

    def wreath(self, at: Point, radius: float, colour: str) -> None:
        """Leaves up both sides of a circle that is open at the top."""
        for side in (1, -1):
            for step in range(6):
                along = 90 - side * (12 + step * 25)
                place = around(at, radius, along)
                self.leaf(place, radius * 0.62, radius * 0.3, along - side * 62, colour)

    def file(self) -> bytes:
        """As somebody would upload it."""
        into = BytesIO()
        self.image.reduce(FINER).save(into, "PNG", compress_level=1)
        return into.getvalue()


def rounded(box: Box, radius: float) -> list[Point]:
    """The outline of a box with round corners."""
    left, top, right, bottom = box
    corners = ((right, bottom, 0), (left, bottom, 90), (left, top, 180), (right, top, 270))
    return [
        around((x - radius * (1 if x == right else -1), y - radius * (1 if y == bottom else -1)), radius, begin + step)
        for x, y, begin in corners
        for step in range(0, 91, 10 if radius else 91)
    ]


def middle(box: Box) -> Point:
    """Of a box."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def around(at: Point, radius: float, degrees: float) -> Point:
    """A point of a circle; 0 is to the right, 90 below."""
    return at[0] + radius * cos(radians(degrees)), at[1] + radius * sin(radians(degrees))


def turned(points: Iterable[Point], at: Point, degrees: float) -> list[Point]:
    """Around a point, clockwise."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    moved = ((x - at[0], y - at[1]) for x, y in points)
    return [(at[0] + x * c - y * s, at[1] + x * s + y * c) for x, y in moved]


def bottle() -> Pen:
    """Of steel, for water."""
    pen = Pen(GREEN, "#178060")
    pen.oval((140, 250, 260, 268), DEEP)
    pen.box((176, 36, 224, 74), GOLD, radius=9)
    pen.box((176, 60, 224, 74), AMBER)
    pen.box((158, 74, 242, 262), STEEL, radius=24)
    pen.box((212, 74, 242, 262), SHADE, radius=15)
    pen.box((206, 86, 224, 250), STEEL, radius=8)
    pen.box((158, 132, 242, 212), CREAM)
    pen.wreath((200, 172), 24, GREEN)
    return pen


def voucher() -> Pen:
    """Some per cent off."""
    pen = Pen("#f3d9cf", ROSE)
    pen.box((104, 98, 296, 210), "#d9614c", radius=16, turn=-8)
    pen.box((104, 92, 296, 204), CORAL, radius=16, turn=-8)
    at = (200, 148)
    for x in (104, 296):
        pen.disc(*turned([(x, 148)], at, -8)[0], 13, ROSE)
    for y in range(104, 194, 14):
        pen.line(turned([(148, y), (148, y + 5)], at, -8), CREAM, 4)
    pen.line(turned([(200, 184), (252, 112)], at, -8), CREAM, 11)
    for place in turned([(202, 122), (250, 174)], at, -8):
        pen.ring(*place, 19, CREAM, 10)
    return pen


def shirt() -> Pen:
    """Of cotton, with the wreath on it."""
    pen = Pen("#e9e2cf", "#f7ecc9")
    outline = [(158, 62), (118, 80), (84, 136), (122, 160), (140, 138), (140, 250), (260, 250), (260, 138), (278, 160)]
    outline += [(316, 136), (282, 80), (242, 62)]
    pen.shape([(x, y + 7) for x, y in outline], "#dccb96")
    pen.shape(outline, GREEN)
    pen.shape([(140, 138), (150, 112), (150, 250), (140, 250)], DEEP)
    pen.shape([(260, 138), (250, 112), (250, 250), (260, 250)], DEEP)
    pen.oval((158, 44, 242, 88), DEEP)
    pen.oval((166, 40, 234, 80), "#f7ecc9")
    pen.box((156, 44, 244, 61.5), "#f7ecc9")
    pen.wreath((200, 164), 32, GOLD)
    return pen


def day_pass() -> Pen:
    """Two of them, since a friend comes along."""
    pen = Pen("#d3e4f7", SKY)
    for colour, edge, turn, lower in (("#f6fbff", "#94bbe6", 14, 12), (BLUE, "#1f559a", -7, 0)):
        box = (104, 92 + lower, 296, 200 + lower)
        pen.box((104, 97 + lower, 296, 205 + lower), edge, radius=14, turn=turn)
        pen.box(box, colour, radius=14, turn=turn)
    at = (200, 146)
    for x, size in ((158, 1.0), (192, 0.86)):
        pen.disc(*turned([(x, 130)], at, -7)[0], 14 * size, CREAM if size == 1 else GOLD)
        pen.box((x - 21 * size, 150, x + 21 * size, 176), CREAM if size == 1 else GOLD, radius=12, turn=-7)
    for y, right in ((126, 284), (146, 272), (166, 278)):
        pen.line(turned([(230, y), (right - 8, y)], at, -7), SKY, 7)
    return pen


def poster() -> Pen:
    """Of mountains, with a name on it."""
    pen = Pen(VIOLET, "#705dbb")
    pen.box((128, 41, 280, 265), "#463687", radius=4)
    pen.box((122, 34, 274, 258), PAPER, radius=4)
    pen.box((134, 46, 262, 208), "#f9d9b8")
    pen.disc(224, 88, 21, CORAL)
    pen.shape([(134, 208), (134, 152), (172, 106), (218, 168), (218, 208)], LILAC)
    pen.shape([(150, 208), (214, 126), (262, 184), (262, 208)], VIOLET)
    pen.shape([(214, 126), (196, 149), (208, 146), (216, 156), (226, 146), (232, 148)], PAPER)
    curve = [(176 + step, 232 - 9 * sin(step / 6.5) * (1 - step / 110)) for step in range(0, 76, 2)]
    pen.line(curve, INK, 3)
    pen.line([(164, 243), (258, 240)], INK, 2)
    return pen


def video() -> Pen:
    """A lift, on a telephone."""
    pen = Pen("#17362c", "#22503f")
    pen.box((74, 80, 326, 226), "#0c2019", radius=22)
    pen.box((74, 74, 326, 220), INK, radius=22)
    pen.box((88, 86, 312, 208), MINT, radius=10)
    pen.box((88, 176, 312, 208), LEAF, radius=10)
    pen.box((88, 172, 312, 190), LEAF)
    pen.line([(126, 112), (274, 112)], INK, 5)
    for x, tall in ((136, 23), (148, 15), (252, 15), (264, 23)):
        pen.box((x - 5, 112 - tall, x + 5, 112 + tall), CORAL, radius=4)
    pen.disc(200, 122, 12, WOOD)
    pen.line([(172, 112), (178, 140), (222, 140), (228, 112)], WOOD, 10)
    pen.box((180, 136, 220, 172), GOLD, radius=8)
    pen.line([(190, 168), (184, 190)], INK, 11)
    pen.line([(210, 168), (216, 190)], INK, 11)
    pen.disc(284, 208, 34, DEEP)
    pen.disc(284, 204, 34, GOLD)
    pen.shape([(274, 187), (274, 221), (303, 204)], INK)
    return pen


def coffee() -> Pen:
    """A cup of it, hot."""
    pen = Pen("#f1cf86", "#f8e0a8")
    pen.oval((92, 226, 308, 262), AMBER)
    pen.oval((92, 218, 308, 252), PAPER)
    pen.oval((130, 222, 270, 242), "#e6dcc4")
    pen.ring(268, 168, 32, PAPER, 13)
    bowl = [(200 + 74 * cos(radians(turn)), 126 + 108 * sin(radians(turn))) for turn in range(0, 181, 6)]
    pen.shape(bowl, PAPER)
    pen.shape([*bowl[:13], *[(x - 30 + (126 - y) / 8, y) for x, y in bowl[12::-1]]], "#e6dcc4")
    pen.box((168, 222, 232, 238), PAPER, radius=6)
    pen.oval((126, 110, 274, 142), "#e6dcc4")
    pen.oval((136, 115, 264, 138), "#6b3f22")
    pen.leaf((182, 128), 40, 11, -8, "#c79468")
    for x in (168, 200, 232):
        pen.line([(x + 7 * sin(step / 7), 96 - step) for step in range(0, 50, 2)], PAPER, 6)
    return pen


def meal() -> Pen:
    """A plate of green, and what it is eaten with."""
    pen = Pen("#cfe6da", MINT)
    pen.disc(200, 158, 92, "#93c9b0")
    pen.disc(200, 150, 92, PAPER)
    pen.disc(200, 150, 68, "#eef2ea")
    for turn in range(0, 360, 45):
        pen.leaf((200, 150), 60, 28, turn + 12, LEAF if turn % 90 else GREEN)
    for turn, length in ((40, 34), (160, 30), (280, 36)):
        pen.disc(*around((200, 150), length, turn), 15, CORAL)
        pen.disc(*around((200, 150), length, turn), 9, ROSE)
    for turn in (100, 220, 340):
        pen.disc(*around((200, 150), 36, turn), 10, GOLD)
    pen.disc(200, 150, 15, CREAM)
    pen.disc(200, 150, 8, GOLD)
    for x in (66, 77, 88):
        pen.line([(x, 70), (x, 112)], DEEP, 6)
    pen.line([(66, 112), (77, 124), (88, 112)], DEEP, 6)
    pen.line([(77, 124), (77, 232)], DEEP, 9)
    pen.line([(323, 70), (323, 232)], DEEP, 9)
    pen.shape([(319, 66), (340, 92), (340, 148), (319, 152)], DEEP)
    return pen


DRAWN: dict[str, Callable[[], Pen]] = {
    "Laurel water bottle": bottle,
    "10 % off the next order": voucher,
    "Cotton T-shirt": shirt,
    "Guest day pass": day_pass,
    "Signed poster": poster,
    "20 minutes of video analysis": video,
    "Coffee with Dana": coffee,
    "Personal meal plan": meal,
}


def take(names: Iterable[str]) -> dict[str, str]:
    """Take in the pictures of these rewards, as if somebody had uploaded them: by name, what to call each.

    Not for inside a unit of work. Where pictures can't be kept, the demo goes without.
    """
    try:
        return {name: media.take(DRAWN[name]().file()) for name in names if name in DRAWN}
    except DomainError as error:
        log.warning("demo_without_pictures", error=type(error).__name__)
        return {}
