"""Whatever is typed into any form, or written behind any address: a clear answer, never a failure.

Into each field goes one odd value, the next one into the next field: forms share how their fields are read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import cycle

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app import demo
from app.kit.db import db
from app.web.arguments import OF_LISTS
from tests.web.test_every_page import EVERYBODY, walk

ODD = ("a\x00b", "9999-12-31", "9" * 30, "-1", "٣ NaN 😀 \ufeff" * 60)
HARD_FOR = {"sqlite": (*ODD[2:], "DELETE"), "postgresql": ODD[:3]}  # what each database could choke on
NAMES = {*OF_LISTS, "endpoint", "_method", "_anchor", "promotion_id", "user_id", "next", "code", "seen", "key", "asks"}
TYPED = {"text", "email", "password", "search", "number", "date", "time", "datetime-local", "url", "tel"}
LIKELY = {
    "email": "ada@example.com",
    "password": "a fine password",
    "date": "2027-03-01",
    "number": "7",
    "time": "10:00",
}


@dataclass
class HtmlForm:
    """A form that sends something: what it holds, and which of it people type."""

    action: str
    holds: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)


class Forms(HTMLParser):
    """The plain POST forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[HtmlForm] = []
        self._open: HtmlForm | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = HtmlForm(told.get("action", "")) if told.get("method") == "post" else None
            self.found += [self._open] if self._open else []
        elif self._open and told.get("name") and tag in {"input", "textarea", "select"}:
            kind = told.get("type", "text") if tag == "input" else "text"
            if kind in TYPED:
                self._open.typed.append(told["name"])
                self._open.holds[told["name"]] = told.get("value") or LIKELY.get(kind, "Something")
            elif kind == "hidden" or "checked" in told:
                self._open.holds[told["name"]] = told.get("value", "")


def forms_of(client: FlaskClient) -> dict[str, HtmlForm]:
    """One of each kind, on all pages that links lead to."""
    found: dict[str, HtmlForm] = {}
    pages = (answer for _path, _came_from, answer in walk(client, most=2) if answer.mimetype == "text/html")
    for answer in pages:
        page = Forms()
        page.feed(answer.text)
        for form in page.found:
            if form.typed:
                found.setdefault(re.sub(r"\d+|\?(?!kind=).*", "…", form.action), form)
    return found


def visitors(app: Flask) -> Iterator[tuple[str, FlaskClient]]:
    for who in EVERYBODY:
        client = app.test_client()
        if who in demo.SIGN_INS:
            client.post("/login", data={"username": who, "password": demo.PASSWORD})
        yield who, client


def is_for(app: Flask, rule: Rule, who: str) -> bool:
    """Whether the page is this visitor's: what is for everybody is looked at by one."""
    access = set(getattr(app.view_functions[rule.endpoint], "access", ("public",)))
    theirs = {who, "user"} if who == "client" else {who} if who in demo.SIGN_INS else {"public"}
    return bool(access & theirs) and rule.endpoint != "health.ready"


@pytest.mark.options(ratelimit_enabled=False)
def test_no_form_fails_whatever_is_typed_into_it(business: Flask) -> None:
    tried: dict[str, int] = {}
    hard = HARD_FOR[db.engine.dialect.name]
    for _who, client in visitors(business):
        for kind, form in forms_of(client).items():
            if kind in tried:
                continue
            told = {
                (name, odd): client.post(form.action, data=form.holds | {name: odd})
                for name, odd in zip(form.typed, cycle(hard), strict=False)
            }
            assert {typed for typed, answer in told.items() if answer.status_code >= 500} == set(), kind
            tried[kind] = len(told)
    assert len(tried) >= 25, sorted(tried)


def test_no_address_fails_whatever_is_written_behind_it(business: Flask) -> None:
    for who, client in visitors(business):
        for rule in business.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and not rule.arguments and is_for(business, rule, who):
                for odd in HARD_FOR[db.engine.dialect.name]:
                    answer = client.get(rule.rule, query_string=dict.fromkeys(NAMES, odd))
                    assert answer.status_code < 500, (rule.rule, odd)
    for path in ("/store/products/%00", "/store/invoices/%00", "/password/reset/%00", "/api/promotions/%00"):
        assert business.test_client().get(path).status_code in {400, 404}, path
