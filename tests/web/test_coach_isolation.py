"""No coach sees or changes what is another coach's, and no client what is another client's, by whatever route.

The routes are taken from the app: one with an argument that the walk doesn't know fails it, and so does one that it
can't use on what is the visitor's own, since its refusals would then prove nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.kit.db import Base, db, unit_of_work
from app.offers.models import UserPromoCode
from tests import make
from tests.client import HTMX
from tests.make import NOW

SignIn = Callable[[FlaskClient, User], None]
Dump = dict[str, list[tuple[Any, ...]]]

HIDDEN = "Rosewater"  # in everything that is the other's
SOUGHT = "osewate"  # finds it, and isn't it where a page repeats what was searched for
NOBODYS = 999_999_999
COUNTERS = {"limit_counters", "ticks", "promotion_attempts"}
ARGUMENTS = {
    "client_id": "client",
    "achievement_id": "achievement",
    "reward_id": "reward",
    "redemption_id": "redemption",
    "program_id": "program",
    "followed_id": "followed",
    "client_program_id": "followed",
    "log_id": "log",
    "applied_id": "applied",
    "deposit_id": "deposit",
    "withdrawal_id": "withdrawal",
    "claim_id": "claim",
}
WORDS = {"kind": "workout"}
FORM = {
    "name": "Taken over",
    "description": "Mine now",
    "type": "manual",
    "points_cost": "60",
    "stock": "",
    "seen_stock": "",
    "xp_reward": "1",
    "points_reward": "1",
    "icon": "award",
    "coach_notes": "Because",
    "idempotency_key": "the-button",
    "cost": "50",
    "version": "",
    "is_active": "1",
}
STATUSES = {"coach.end_program": "completed", "coach.handle_redemption": "fulfilled"}

pytestmark = pytest.mark.usefixtures("frozen")


@dataclass(frozen=True)
class Things:
    """What a coach has, and one of their clients: ids by the names of `ARGUMENTS`."""

    coach: User
    person: User
    ids: Mapping[str, int]


def some_things(mark: str, coach: User | None = None) -> Things:
    """One of each, freshly made."""
    coach = coach or make.user(role="coach", display_name=f"{mark} coach")
    person = make.rich_client(500, coach_id=coach.id, display_name=f"{mark} client")
    of_coach: dict[str, Any] = {"coach": coach, "description": f"{mark} words"}
    reward = make.reward(name=f"{mark} reward", **of_coach)
    ids = {
        "client": person.id,
        "achievement": make.achievement(name=f"{mark} medal", **of_coach).id,
        "reward": reward.id,
        "redemption": make.redemption(person, reward).id,
        "program": make.program(coach, name=f"{mark} programme").id,
        "followed": make.followed(person, coach, make.program(coach, name=f"{mark} way")).id,
        "applied": applied_id(person, mark),
        **money_of(person, mark),
        "log": make.workout(person, at=NOW.replace(hour=7), now=NOW, title=f"{mark} run").id,
    }
    return Things(coach, person, ids)


def money_of(person: User, mark: str) -> dict[str, int]:
    """What is on its way in and out of a client's wallet, and a bonus that waits for its turnover."""
    make.deposit(person, 5000)
    withdrawal, credit = make.withdrawal(person), make.free_credit(title=f"{mark} credit", turnover_requirement=1)
    asked, claim = make.asked_deposit(person), make.given(person, credit)
    return {"deposit": asked.id, "withdrawal": withdrawal.id, "claim": claim.id}


def applied_id(person: User, mark: str) -> int:
    """A code on the client's account that has earned something."""
    code = make.offer_code(code=f"{mark}{person.id}", title=f"{mark} code")
    make.applied(person, code)
    make.converted(person, make.offer())
    mine = select(UserPromoCode.id).where(UserPromoCode.user_id == person.id)
    return db.session.scalars(mine).one()


def everybodys() -> dict[str, int]:
    return {"achievement": make.achievement(name="For all").id, "reward": make.reward(name="For all").id}


def routes(app: Flask, area: str) -> Iterator[tuple[Rule, str]]:
    """Every route below an area, once for each method."""
    for rule in app.url_map.iter_rules():
        if rule.rule == area or rule.rule.startswith(f"{area}/"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method


def nouns(rule: Rule) -> dict[str, str]:
    """Which of the route's arguments is whose id."""
    unknown = rule.arguments - ARGUMENTS.keys() - WORDS.keys()
    assert not unknown, f"{rule.rule} has arguments that this walk must learn: {unknown}"
    return {name: ARGUMENTS[name] for name in sorted(rule.arguments & ARGUMENTS.keys())}


def visit(client: FlaskClient, rule: Rule, method: str, ids: Mapping[str, int], **more: Any) -> TestResponse:
    """Ask for it, with a form that it would take for what is the visitor's own."""
    values: dict[str, Any] = {name: word for name, word in WORDS.items() if name in rule.arguments} | dict(ids)
    with client.application.test_request_context():
        path = client.application.url_for(rule.endpoint, **values)
    headers = more.pop("headers", None)
    form = {**FORM, "status": STATUSES.get(rule.endpoint, ""), **more}
    return client.open(path, method=method, headers=headers, data=None if method == "GET" else form)


def dump() -> Dump:
    """Every row of every table, but for what counts attempts."""
    db.session.rollback()
    tables = [each for each in Base.metadata.sorted_tables if each.name not in COUNTERS]
    return {each.name: sorted(map(tuple, db.session.execute(select(each))), key=repr) for each in tables}


def assert_refused(client: FlaskClient, rule: Rule, method: str, ids: Mapping[str, int]) -> None:
    """It isn't there: as page and as part, and whatever is sent; and every row stays as it was.

    Looking may also be answered otherwise, if it is so for what doesn't exist just as well.
    """
    before = dump()
    nothing = {"name": "", "status": "", "type": ""}
    for more in ({}, {"headers": HTMX}, nothing):
        answer = visit(client, rule, method, ids, **more)
        if method == "GET" and answer.status_code != 404:  # it mustn't even have looked
            otherwise = visit(client, rule, method, dict.fromkeys(ids, NOBODYS), **more)
            assert (answer.status, answer.text) == (otherwise.status, otherwise.text), rule.rule
        else:
            assert answer.status_code == 404, f"{method} {rule.rule} {dict(ids)}: {answer.status_code}"
        assert HIDDEN not in answer.text, rule.rule
    assert dump() == before, f"{method} {rule.rule}"


def mixtures(
    rule: Rule, method: str, mine: Things, theirs: Things, alls: Mapping[str, int]
) -> Iterator[dict[str, int]]:
    """All ways to name at least one thing of the other's; to change what is everybody's counts as one."""
    named = nouns(rule)
    sources: dict[str, Mapping[str, int]] = {"mine": mine.ids, "theirs": theirs.ids, "everybody's": alls}
    for whose in product(sources, repeat=len(named)):
        chosen = dict(zip(named, whose, strict=True))
        if all(named[name] in sources[each] for name, each in chosen.items()):
            is_alone = len(named) == 1 and method != "GET" and "everybody's" in whose
            if "theirs" in whose or is_alone:
                yield {name: sources[each][named[name]] for name, each in chosen.items()}


@pytest.fixture
def sam(client: FlaskClient, sign_in: SignIn) -> Things:
    things = some_things("Samphire")
    sign_in(client, things.coach)
    return things


@pytest.fixture
def rose(app: Flask) -> Things:  # noqa: ARG001
    return some_things(HIDDEN)


def test_no_route_leads_a_coach_to_anothers_things(app: Flask, client: FlaskClient, sam: Things, rose: Things) -> None:
    alls, tried = everybodys(), 0
    for rule, method in routes(app, "/coach"):
        for ids in mixtures(rule, method, sam, rose, alls):
            assert_refused(client, rule, method, ids)
            tried += 1
    assert tried or not any(rule.arguments for rule, _method in routes(app, "/coach"))


def test_the_same_routes_lead_to_ones_own_and_show_nothing_else(
    app: Flask, client: FlaskClient, sam: Things, rose: Things
) -> None:
    for rule, method in routes(app, "/coach"):
        own = some_things("Samphire", sam.coach) if rule.arguments else sam
        ids = {name: own.ids[noun] for name, noun in nouns(rule).items()}
        before = rows_of(rose)
        answer = visit(client, rule, method, ids, program_id=own.ids["program"], coach_id=rose.coach.id)
        assert answer.status_code < 400, f"{method} {rule.rule}: {answer.status_code} {answer.text}"
        assert HIDDEN not in answer.text, rule.rule
        assert rows_of(rose) == before, rule.rule


def rows_of(whose: Things) -> Dump:
    """What belongs to a coach or to their client."""
    owners, found = {whose.coach.id, whose.person.id}, {}
    for table in Base.metadata.sorted_tables:
        names = {"coach_id", "client_id", "user_id"} & set(table.c.keys())
        rows = db.session.execute(select(table)).mappings()
        found[table.name] = [tuple(row.values()) for row in rows if owners & {row[name] for name in names}]
    return found


@pytest.mark.usefixtures("frozen", "sam")
def test_no_list_of_a_coach_holds_anothers_names(app: Flask, client: FlaskClient, rose: Things) -> None:
    for rule, method in routes(app, "/coach"):
        if method == "GET" and not rule.arguments:
            for query in ("", f"?q={SOUGHT}", f"?search={SOUGHT}", f"?coach_id={rose.coach.id}", "?status=pending"):
                answer = client.get(f"{rule.rule}{query}")
                assert answer.status_code == 200, f"{rule.rule}{query}"
                assert HIDDEN not in answer.text, f"{rule.rule}{query}"
    assert "Samphire client" in client.get("/coach").text


def test_a_client_is_not_had_to_follow_what_anothers_coach_made(
    app: Flask, client: FlaskClient, sam: Things, rose: Things
) -> None:
    for rule, method in routes(app, "/coach"):
        if rule.endpoint == "coach.assign_program":
            before = dump()
            answer = visit(client, rule, method, {"client_id": sam.ids["client"]}, program_id=rose.ids["program"])
            assert answer.status_code in {404, 422}
            assert (HIDDEN not in answer.text, dump()) == (True, before)


def test_who_has_moved_is_out_of_the_old_coachs_reach_at_once(
    app: Flask, client: FlaskClient, sign_in: SignIn, sam: Things, rose: Things
) -> None:
    moved = some_things(HIDDEN, sam.coach)  # from now on nothing of theirs is Sam's to see
    with unit_of_work():
        db.session.execute(update(User).where(User.id == moved.person.id).values(coach_id=rose.coach.id))
    gone = Things(sam.coach, moved.person, {name: moved.ids[name] for name in ("client", "redemption", "followed")})
    new = app.test_client()
    sign_in(new, rose.coach)
    for rule, method in routes(app, "/coach"):
        for ids in mixtures(rule, method, sam, gone, everybodys()):
            if gone.ids.items() & {(noun, ids[name]) for name, noun in nouns(rule).items()}:
                assert_refused(client, rule, method, ids)
                if method == "GET" and len(ids) == 1:
                    assert visit(new, rule, method, ids).status_code == 200
        if method == "GET" and not rule.arguments:
            assert "Rosewater client" not in client.get(rule.rule).text, rule.rule
    assert "Rosewater client" in new.get("/coach").text


def test_no_route_leads_a_client_to_anothers_things(
    app: Flask, client: FlaskClient, sign_in: SignIn, rose: Things
) -> None:
    mia = some_things("Samphire")
    sign_in(client, mia.person)
    for rule, method in routes(app, "/client"):
        own = {name: mia.ids[noun] for name, noun in nouns(rule).items()}
        for ids in mixtures(rule, method, mia, rose, {}):
            assert_refused(client, rule, method, ids)
        if own:
            answer = visit(client, rule, method, own)
            assert answer.status_code < 400, f"{method} {rule.rule}: {answer.status_code}"
            assert HIDDEN not in answer.text
        elif method == "GET":
            answer = client.get(f"{rule.rule}?q={SOUGHT}")
            assert answer.status_code in {200, 204}
            assert HIDDEN not in answer.text


def test_a_program_reads_a_client_for_their_own_coach_alone(client: FlaskClient, sam: Things, rose: Things) -> None:
    for whose, status in ((sam, 200), (rose, 404)):
        path = f"/api/v1/clients/{whose.person.username}/loyalty"
        answer = client.get(path, headers=make.bearer(sam.coach))
        assert (answer.status_code, HIDDEN in answer.text) == (status, False)
