"""What a small studio sells: design, development, hosting and coaching at fixed prices."""

from datetime import datetime, timedelta

from app.audit.service import SYSTEM
from app.catalog import reward_items
from app.catalog import service as catalog
from app.catalog.reward_items import RewardItemDetails
from app.catalog.service import CategoryDetails, ProductDetails
from app.kit.db import unit_of_work
from app.kit.text import slugify

SHELVES = {"design": "Design", "development": "Development", "hosting": "Hosting", "coaching": "Coaching"}
REWARD_ITEMS = {"gold": "Gold", "mystery-box": "Mystery box"}
OFFERED = timedelta(days=120)
LOGO = """<p>A mark that works on a shop sign and in a browser tab.</p>
<ul>
<li>Three directions, one of them taken to the end</li>
<li>All files, in colour and in black</li>
<li>Two rounds of changes</li>
</ul>"""
# shelf, SKU, name, price in cents, what it is
PRODUCTS = (
    (
        "design",
        "DES-LOGO",
        "Logo design",
        48_000,
        LOGO,
    ),
    (
        "design",
        "DES-CARD",
        "Business cards",
        9_500,
        "<p>Designed to go with your logo, and 250 of them printed on heavy uncoated paper.</p>",
    ),
    (
        "design",
        "DES-BRAND",
        "Brand guide",
        72_000,
        "<p>Colours, type and tone on twelve pages that everybody in the team will actually read.</p>",
    ),
    (
        "design",
        "DES-ICON",
        "Icon set",
        24_000,
        "<p>Twenty-four icons in one line, ready for print and screen.</p>",
    ),
    (
        "development",
        "DEV-PAGE",
        "Landing page",
        65_000,
        "<p>One page that says what you do and gets people to write to you. Fast, accessible, and yours.</p>",
    ),
    (
        "development",
        "DEV-SHOP",
        "Shop setup",
        148_000,
        "<p>Your products, prices and payments online in two weeks, with an afternoon of training.</p>",
    ),
    (
        "development",
        "DEV-SPEED",
        "Speed check-up",
        19_000,
        "<p>We measure your site, mend the five worst things, and measure it again.</p>",
    ),
    (
        "development",
        "DEV-DAY",
        "Development day",
        56_000,
        "<p>A full day of one of us, on whatever is next on your list.</p>",
    ),
    (
        "hosting",
        "HOST-S",
        "Hosting, small",
        900,
        "<p>A month for one website, with daily backups and a certificate that renews itself.</p>",
    ),
    (
        "hosting",
        "HOST-M",
        "Hosting, medium",
        1_900,
        "<p>A month for a shop or three websites, with hourly backups.</p>",
    ),
    (
        "hosting",
        "HOST-CARE",
        "Care plan",
        4_900,
        "<p>A month of updates, watching and small changes, so that nothing rusts.</p>",
    ),
    (
        "hosting",
        "HOST-MOVE",
        "Moving house",
        12_000,
        "<p>We move your site and its mail to us at night, and nobody notices.</p>",
    ),
    (
        "coaching",
        "COACH-60",
        "Coaching hour",
        8_000,
        "<p>Sixty minutes with one of our coaches, on your goals, training or time.</p>",
    ),
    (
        "coaching",
        "COACH-10",
        "Ten coaching hours",
        72_000,
        "<p>Ten hours over three months, with notes after each. Cheaper than one by one.</p>",
    ),
    (
        "coaching",
        "COACH-PLAN",
        "Training plan",
        5_900,
        "<p>A plan for four weeks, made for you and adjusted once on the way.</p>",
    ),
    (
        "coaching",
        "COACH-TEAM",
        "Team workshop",
        95_000,
        "<p>Half a day on how your team works together, on site or online, for up to twelve people.</p>",
    ),
)


def load(now: datetime) -> None:
    """Fill the shelves, the first products some months ago and the last one lately."""
    offered_at = now - OFFERED
    with unit_of_work():
        shelves = {
            slug: catalog.create_category(slug, CategoryDetails(name, place), actor=SYSTEM).id
            for place, (slug, name) in enumerate(SHELVES.items())
        }
        for place, (shelf, sku, name, price_cents, description) in enumerate(PRODUCTS):
            details = ProductDetails(sku, name, slugify(name), description, shelves[shelf], price_cents, position=place)
            catalog.create_product(details, actor=SYSTEM, now=offered_at + timedelta(days=6 * place))
        for item_id, name in REWARD_ITEMS.items():
            reward_items.create(item_id, RewardItemDetails(name), actor=SYSTEM)
