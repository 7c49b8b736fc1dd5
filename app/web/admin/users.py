"""Accounts: who there is, what they may do, and ending it."""

from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import Length, Optional

from app.accounts import desk, passwords, rules
from app.accounts import service as accounts
from app.accounts.desk import Account
from app.accounts.models import User
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate
from app.offers import on_account
from app.wallet import service as wallets
from app.web.admin import bp
from app.web.admin.audit import history_of
from app.web.admin.user_points import at_a_glance
from app.web.arguments import NEVER, page_number, seen_version, switched
from app.web.auth.forms import LONGEST_EMAIL, known_timezone, timezones
from app.web.fields import Filled
from app.web.forms import Form, choices, explain, strip
from app.web.visitor import access, actor

LIST = ("admin/users.html", "admin/_users_table.html")
NEEDED = _l("Please fill this in.")
ROLES = [("client", _l("Client")), ("coach", _l("Coach")), ("admin", _l("Admin"))]


class UserForm(Form):
    """What an admin sets on an account."""

    email = EmailField(_l("E-mail"), [Filled(NEEDED), Length(max=LONGEST_EMAIL)], filters=[strip])
    display_name = StringField(_l("Display name"), [Optional(), Length(max=80)], filters=[strip])
    role = SelectField(_l("Role"), choices=choices(ROLES))
    coach_id = SelectField(_l("Coach"), coerce=lambda typed: int(typed) if typed else None)
    timezone = StringField(
        _l("Time zone"),
        [Filled(NEEDED), known_timezone],
        filters=[strip],
        render_kw={"list": "timezones", "autocomplete": "off"},
    )
    locale = SelectField(_l("Language"), choices=choices(rules.LOCALES.items()))
    version = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        coaches = [(str(coach.id), coach.name) for coach in desk.coaches()]
        self.coach_id.choices = choices([("", _("No coach")), *coaches])

    def account(self, *, is_active: bool) -> Account:
        is_client = self.role.data == "client"
        return Account(
            email=self.email.data,
            display_name=self.display_name.data or "",
            role=self.role.data,
            coach_id=self.coach_id.data if is_client else None,
            timezone=self.timezone.data,
            locale=self.locale.data,
            is_active=is_active,
        )


class NewUserForm(UserForm):
    """A new account: its name, and perhaps its first password."""

    username = StringField(
        _l("Username"), [Filled(NEEDED)], filters=[strip], render_kw={"autocomplete": "off", "maxlength": 32}
    )
    password = PasswordField(
        _l("Password"),
        [
            Optional(),
            Length(min=rules.SHORTEST_PASSWORD, message=_l("Please take at least %(min)d characters.")),
            Length(max=rules.LONGEST_PASSWORD),
        ],
        render_kw={"autocomplete": "new-password"},
    )


@bp.get("/users")
@access("admin")
def list_users() -> ResponseReturnValue:
    asked = {name: request.args.get(name, "").strip() for name in ("q", "role", "state")}
    query = desk.users(search=asked["q"], role=asked["role"], state=asked["state"])
    found = paginate(query, number=page_number())
    return page(*LIST, users=found, asked=asked, roles=ROLES)


@bp.get("/users/new")
@access("admin")
def new_user() -> ResponseReturnValue:
    form = NewUserForm(formdata=None, timezone=accounts.home_timezone(), role=request.args.get("role", "client"))
    return page("admin/user_new.html", "admin/_user_new.html", form=form, timezones=timezones())


@bp.post("/users")
@access("admin")
def create_user() -> ResponseReturnValue:
    form = NewUserForm()
    if not form.validate():
        return page("admin/user_new.html", "admin/_user_new.html", 422, form=form, timezones=timezones())
    password_hash = passwords.hash_password(form.password.data) if form.password.data else None
    try:
        with unit_of_work():
            account = form.account(is_active=True)
            made = desk.create(form.username.data, account, password_hash=password_hash, actor=actor(), now=clock.now())
    except DomainError as refusal:
        explain(form, refusal)
        return page("admin/user_new.html", "admin/_user_new.html", refusal.status, form=form, timezones=timezones())
    invited = _("%(name)s has an account now; a link to set a password is in the mail.", name=made.username)
    toast(_("%(name)s has an account now.", name=made.username) if password_hash else invited)
    return see_other(url_for("admin.show_user", user_id=made.id))


@bp.get("/users/<int:user_id>")
@access("admin")
def show_user(user_id: int) -> ResponseReturnValue:
    return _show(accounts.get(user_id))


@bp.post("/users/<int:user_id>")
@access("admin")
def edit_user(user_id: int) -> ResponseReturnValue:
    user, form = accounts.get(user_id), UserForm()
    if not form.validate():
        return _show(user, 422, form)
    try:
        with unit_of_work():
            account = form.account(is_active=user.is_active)
            desk.edit(user_id, account, version=_version(form), actor=actor(), now=clock.now())
    except DomainError as refusal:
        explain(form, refusal)
        if "version" in refusal.facts:  # of the edit that was told, not of one that came since
            form.version.data = str(refusal.facts["version"])
        return _show(accounts.get(user_id), refusal.status, form)
    toast(_("The account is saved."))
    return see_other(url_for("admin.show_user", user_id=user_id))


@bp.post("/users/<int:user_id>/active")
@access("admin")
def set_active(user_id: int) -> ResponseReturnValue:
    """`active` is 1 or 0; a deactivated account's sessions and tokens end at once."""
    user, is_active = accounts.get(user_id), switched("active")
    with unit_of_work():
        desk.set_active(user_id, is_active=is_active, actor=actor(), now=clock.now())
    told = _("%(name)s can sign in again.") if is_active else _("%(name)s is deactivated and signed out everywhere.")
    toast(told % {"name": user.username})
    return see_other(url_for("admin.show_user", user_id=user_id))


@bp.post("/users/<int:user_id>/sessions/end")
@access("admin")
def end_user_sessions(user_id: int) -> ResponseReturnValue:
    with unit_of_work():
        user = desk.end_sessions(user_id, actor=actor(), now=clock.now())
    toast(_("%(name)s is signed out everywhere.", name=user.username))
    return see_other(url_for("admin.show_user", user_id=user_id))


@bp.post("/users/<int:user_id>/anonymise")
@access("admin")
def anonymise_user(user_id: int) -> ResponseReturnValue:
    with unit_of_work():
        desk.anonymise(user_id, actor=actor(), now=clock.now())
    toast(_("The name is gone; the books stay as they were."))
    return see_other(url_for("admin.show_user", user_id=user_id))


def _show(user: User, status: int = 200, form: UserForm | None = None) -> Response:
    form = form or UserForm(formdata=None, obj=user)
    context: dict[str, Any] = {"user": user, "form": form, "timezones": timezones()}
    context["history"] = history_of("user", user.id)
    context["clients"] = desk.count_clients(user.id) if user.role == "coach" else 0
    if not wants_part():
        context["codes"] = on_account.of_client(user, clock.now())
        context["loyalty"] = at_a_glance(user, clock.now())
    context["cash_cents"] = wallets.balances(user.id).cash_cents if user.role == "client" else 0
    return page("admin/user.html", "admin/_user_form.html", status, **context)


def _version(form: UserForm) -> int:
    """The version that the page was made from; anything else is stale."""
    return seen_version(form.version.data) or NEVER
