"""Requests and answers as the reference shows them."""

import json
import re
import shlex
from typing import Any

from markupsafe import Markup, escape

from app.config import settings

LINE = 60
STRING = r'"(?:[^"\\]|\\.)*"'
TOKEN = re.compile(rf"(?P<name>{STRING})(?=:)|(?P<text>{STRING})|(?P<fact>-?\d[\d.e+-]*|true|false|null)")
PARAMETER = re.compile(r"\{(\w+)\}")
NAMES = {"username": "ada", "conversion_id": "network-4711"}


def curl(path: str, verb: str, body: Any, *, has_token: bool) -> str:
    """The request as a line for a shell."""
    address = PARAMETER.sub(lambda found: NAMES.get(found[1], "1"), path)
    parts = [f"curl {'' if verb == 'GET' else f'-X {verb} '}{settings().base_url}{address}"]
    if has_token:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    if body is not None:
        parts += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(written(body))}"]
    return " \\\n  ".join(parts)


def written(value: Any, indent: int = 0) -> str:
    """JSON for reading: what fits on a line stays on it."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(flat) + indent <= LINE:
        return flat
    space, ends = " " * (indent + 2), "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, dict):
        parts = [f"{space}{json.dumps(name)}: {written(part, indent + 2)}" for name, part in value.items()]
    else:
        parts = [space + written(part, indent + 2) for part in value]
    return f"{ends[0]}\n" + ",\n".join(parts) + f"\n{' ' * indent}{ends[1]}"


def coloured(value: Any) -> Markup:
    """JSON for reading, its names, texts and facts told apart."""
    text, told, end = written(value), [], 0
    for found in TOKEN.finditer(text):
        span = Markup('<span class="json-{}">{}</span>').format(found.lastgroup, found[0])
        told += [escape(text[end : found.start()]), span]
        end = found.end()
    return Markup("").join([*told, escape(text[end:])])


def with_code(text: str) -> Markup:
    """Words between `backticks` in the fixed-width face."""
    parts = [
        Markup("<code>{}</code>").format(each) if odd % 2 else escape(each) for odd, each in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)
