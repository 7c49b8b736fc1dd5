"""Requests made up from the API's own description, good and bad, as every role: no answer of 500 and above.

Each operation must also be reached: at least 30 % of what is answered to those who may call it is 2xx. Where only the
database knows what exists, every third request is left as it was made up and the others are given real names and ids.
`FUZZ_EXAMPLES` says how many requests of each sort are sent.
"""

import contextvars
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cache
from itertools import count, cycle
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.accounts import tokens
from app.accounts.models import User
from app.bonuses.models import Bonus
from app.deals.models import Grant
from app.kit import clock
from app.kit.db import db, unit_of_work
from tests import make

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "6"))
FOR_THE_REFUSED = max(2, EXAMPLES // 4)  # whoever may not call it is turned away before anything is read
LEAST_REACHED = 0.3
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROLES = ("admin", "coach", "client", "program", "nobody")
_numbers = count(1)
_operations: list[Any] = []


class World:
    """An app with something in it, and somebody who asks."""

    def __init__(self, app: Flask, role: str) -> None:
        self.app, self.role = app, role
        self.user = make.user(role=role if role in {"admin", "coach"} else "client")
        self.coach_id = self.user.id if role == "coach" else None
        self.bearer = self._bearer()
        self.kinds: Iterator[Callable[[], Any]] = cycle((make.deal, make.discount, make.offer_code, self.bonus))

    def _bearer(self) -> dict[str, str]:
        if self.role == "program":
            return make.api_key(*tokens.SCOPES)
        return {} if self.role == "nobody" else make.bearer(self.user)

    def dress(self, case: Case[Any]) -> Case[Any]:
        """Give the request real names and ids, and what belongs together."""
        number = next(_numbers)
        case.path_parameters = {name: self.real(name, case.path) for name in case.path_parameters or {}}
        body = case.body if isinstance(case.body, dict) else {}
        real: dict[str, Callable[[], Any]] = {
            "code": lambda: "FUZZ",
            "discountCode": lambda: f"FUZZ{number}",
            "refreshToken": self.refresh_token,
            "password": lambda: make.PASSWORD,
            "username": lambda: self.user.username,
        }
        for name, value in real.items():
            if name in body:
                body[name] = value()
        if body.get("items") is None and case.path.endswith("/validate"):
            body.setdefault("subtotal", 10)
        if self.role == "nobody" and "code" in body:
            body.pop("username", None)
        for name in ("from", "to"):
            case.query.pop(name, None) if case.query else None
        self.dress_body(case, body, number)
        return case

    def dress_body(self, case: Case[Any], body: dict[str, Any], number: int) -> None:
        """Let what belongs together in a body of this kind agree."""
        if "/activity/" in case.path:
            _dress_activity(body, make.user().username, number)
        if "depositId" in body or "eventId" in body:
            self.dress_received(body, number)
        if case.path.startswith("/api/admin/") or "conversionId" in body or case.path.endswith("/apply"):
            self.dress_offers(body, number)
        if case.path.endswith("explain"):
            body |= {"offerId": make.offer().external_id} if body.get("offerId") else {}
        elif case.path.startswith("/api/v1/admin/promotions"):
            _dress_bonus(body, number, is_new=case.method == "POST")
        elif body and not case.path.startswith("/api/admin/"):
            _dress_terms(body, "endAt" if "/deals" in case.path else "endDate", number)

    def real(self, name: str, path: str) -> Any:
        """What the address names: an invoice as its verb needs it, a client, what was claimed, a promotion, …"""
        if path.endswith("explain"):
            return next(self.kinds)().id
        real: dict[str, Callable[[], Any]] = {
            "number": lambda: (make.paid_invoice if path.endswith("refund") else make.invoice)().number,
            "username": lambda: self.client().username,
            "grant_id": lambda: self.claimed().id,
            "promotion_id": lambda: (self.bonus if "/v1/admin/" in path else make.discount)().id,
            "deal_id": lambda: make.deal().id,
            "promo_code_id": lambda: make.offer_code().id,
            "offer_id": lambda: make.offer().id,
            "conversion_id": self.reversible,
        }
        return real[name]()

    def reversible(self) -> str:
        """What another program calls a conversion."""
        conversion_id = f"a/b {next(_numbers)}"
        return make.converted(make.user(), make.offer(), conversion_id=conversion_id).conversion_id

    def dress_offers(self, body: dict[str, Any], number: int) -> None:
        """Let there be the offer, and the code, and let what is new differ from what is there."""
        real: dict[str, Callable[[], Any]] = {
            "username": lambda: self.client().username,
            "code": lambda: f"FUZZ{number}" if "title" in body else make.code_of(make.offer_code()),
            "conversionId": lambda: f"{body['conversionId'][:100]}{number}",
            "offerId": lambda: make.offer().external_id,
            "completedAt": (clock.now() - timedelta(hours=number % 48)).isoformat,
            "external_id": lambda: f"fuzz-{number}",
            "name": lambda: f"Offer {number}",
            "title": lambda: f"Title {number}",
            "url": lambda: f"https://offers.example/{number}",
            "bonus_type": lambda: "fixed",
            "bonus_value": lambda: body["bonus_value"] or 5,
            "applicable_offers": lambda: [make.offer().id, make.offer().external_id][: number % 3],
        }
        body |= {name: value() for name, value in real.items() if name in body}
        for name in ("active_hours", "starts_at", "ends_at", "version", "is_active"):
            body.pop(name, None)

    def dress_received(self, body: dict[str, Any], number: int) -> None:
        """Let the client be there, with a bonus that waits, and the id be a new one."""
        client, bonus = self.client(), self.bonus()
        if number % 2 and "eventId" in body:
            make.told_deposit(client, 1000, make.bonus_code(bonus), clock.now())
        body["username"] = client.username
        for name in ("depositId", "eventId"):
            if name in body:
                body[name] = f"{body[name][:100]}{number}"
        if body.get("promotionCode") and number % 2:
            body["promotionCode"] = make.bonus_code(bonus)

    def bonus(self) -> Bonus:
        """One that runs today."""
        day = timedelta(days=1)
        return make.bonus(starts_at=clock.now() - day, ends_at=clock.now() + day, turnover_requirement=1)

    def client(self) -> User:
        """A client whom they may read, where there is one."""
        return self.user if self.user.role == "client" else make.user(coach_id=self.coach_id)

    def claimed(self) -> Grant:
        """Something that waits to be handed out to them."""
        deal = make.deal(starts_at=clock.now() - timedelta(days=1), ends_at=clock.now() + timedelta(days=1))
        make.spend(self.user.person, 5000, now=clock.now())
        return make.claim(deal, self.user.person, now=clock.now())

    def refresh_token(self) -> str:
        with unit_of_work():
            return tokens.issue(self.user, clock.now()).refresh

    def ask(self, case: Case[Any]) -> int:
        """Send it as a program does, outside the test's own context, and hold the answer against the description."""
        db.session.rollback()
        if case.headers:
            case.headers.pop("Authorization", None)
        answer = contextvars.Context().run(case.call, app=self.app, headers=self.bearer)
        db.session.expire_all()
        case.validate_response(answer, checks=CHECKS, headers=self.bearer)
        return int(answer.status_code)


def _dress_terms(body: dict[str, Any], end: str, number: int) -> None:
    """Let a promotion's terms agree with each other."""
    if "discountValue" in body or "discountType" in body:
        body |= {"discountType": "fixed", "discountValue": body.get("discountValue") or 5}
    is_window = "startAt" in body or "endAt" in body
    for name in ("activeHours", "startDate", "endDate", "version", "isActive", "lines"):
        body.pop(name, None)
    if "title" in body and number % 2:
        body["title"] = f"Title {number}"
        is_window = True
    if is_window:
        body[end] = (clock.now() + timedelta(days=number)).isoformat()
    if "startAt" in body:
        body["startAt"] = clock.now().isoformat()
    if "rewardItems" in body:
        body["rewardItems"] = body["rewardItems"][:1]


def _dress_bonus(body: dict[str, Any], number: int, *, is_new: bool) -> None:
    """Let the terms of a bonus agree with each other, and what is fixed stay away from changes."""
    real: dict[str, Any] = {
        "code": f"FUZZ{number}",
        "name": f"Bonus {number}",
        "type": ("deposit", "cashback", "freecredit", "referral")[number % 4],
        "bonusType": "fixed",
        "bonusValue": body.get("bonusValue") or 5,
        "validFrom": clock.now().isoformat(),
        "validUntil": (clock.now() + timedelta(days=number)).isoformat(),
        "imageUrl": f"https://pictures.example/{number}.png",
    }
    for name in ("cashbackPeriod", "version", *(() if is_new else ("code", "type"))):
        body.pop(name, None)
    body |= {name: value for name, value in real.items() if name in body}


def _dress_activity(body: dict[str, Any], username: str, number: int) -> None:
    """Let it have happened just now, to somebody who has logged nothing yet."""
    just_now = (clock.now() - timedelta(minutes=1)).isoformat()
    moments = {"performedAt": just_now, "eatenAt": just_now, "date": f"{clock.now():%Y-%m-%d}"}
    body |= {"externalId": f"fuzz-{number}", "username": username}
    body |= {name: moments[name] for name in moments.keys() & body.keys()}


def operations(app: Flask) -> list[Any]:
    """What the description promises, read once: with what is needed to make up requests, and to judge answers.

    Both apps have the same, and what is made up from it costs more than to answer it.
    """
    if not _operations:
        schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
        _operations.extend(each.ok() for each in schema.get_all_operations() if isinstance(each, Ok))
    return _operations


@cache
def made_up(operation: Any, mode: GenerationMode) -> Sequence[Case[Any]]:
    """Requests of one sort, the same for each role and each database."""
    found: list[Case[Any]] = []

    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def keep(case: Case[Any]) -> None:
        found.append(case)

    keep()
    return found


def may_call(app: Flask, operation: Any, role: str) -> bool:
    """Whether its view lets them in; an admin has every scope."""
    access = getattr(app.view_functions[f"api.{operation.definition.raw['operationId']}"], "access", ())
    has_scope = role in {"admin", "program"} and any(each.startswith("scope:") for each in access)
    return "public" in access or role in access or has_scope


@pytest.mark.timeout(600)
@pytest.mark.options(ratelimit_enabled=False)
def test_whatever_is_sent_is_answered_and_every_operation_is_reached(app: Flask) -> None:
    make.discount(code="FUZZ")
    worlds = [World(app, role) for role in ROLES]
    for operation in operations(app):
        good, bad = (made_up(operation, mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE))
        for world in worlds:
            is_let_in = may_call(app, operation, world.role)
            sent = slice(None if is_let_in else FOR_THE_REFUSED)
            answers = [
                world.ask(world.dress(case.derive()) if number % 3 else case.derive())
                for number, case in enumerate(good[sent])
            ]
            for case in bad[sent]:
                world.ask(case.derive())
            reached = sum(status < 300 for status in answers) / len(answers)
            assert reached >= LEAST_REACHED if is_let_in else reached == 0, (operation.label, world.role, answers)
