"""The sprite holds what the pages show."""

import re
from pathlib import Path

NAMED = re.compile(r"""(?:icon\(\s*|icon=|icon_name=|\bempty\((?:[^()]|\([^()]*\))*,\s*)["']([a-z0-9-]+)["']""")
NAVIGATION = re.compile(r'Entry\("[\w.]+", _l\("[^"]+"\), "([a-z0-9-]+)"')


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', Path("static/icons.svg").read_text()))
    named = set(NAVIGATION.findall(Path("app/web/navigation.py").read_text()))
    for template in Path("templates").rglob("*.html"):
        named.update(NAMED.findall(template.read_text()))
    assert len(named) > 20
    missing = named - sprite
    assert not missing, f"add {sorted(missing)} to frontend/icons.txt and run npm run build"
