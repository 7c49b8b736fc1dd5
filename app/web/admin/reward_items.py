"""Reward items: what games hand out, and deals promise."""

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import Length, Regexp

from app.catalog import reward_items
from app.catalog.errors import Stale
from app.catalog.models import RewardItem
from app.catalog.reward_items import RewardItemDetails
from app.errors import DomainError
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.lists import paginate
from app.web.admin import bp
from app.web.arguments import page_number, seen_version
from app.web.fields import Filled
from app.web.forms import explain, strip
from app.web.pictures import PictureForm, no_picture_field, picture_field
from app.web.visitor import access, actor

NEEDED = _l("Please fill this in.")


class RewardItemForm(PictureForm):
    name = StringField(_l("Name"), [Filled(NEEDED), Length(max=128)], filters=[strip])
    picture, no_picture, image = picture_field(), no_picture_field(), HiddenField()
    version = HiddenField()

    def details(self) -> RewardItemDetails:
        return RewardItemDetails(name=self.name.data, image=self.chosen_picture())


class NewRewardItemForm(RewardItemForm):
    item_id = StringField(
        _l("Item id"),
        [
            Filled(NEEDED),
            Length(max=64),
            Regexp(
                r"\A[A-Za-z0-9._:-]+\Z",
                message=_l("Please use only letters, digits, dots, colons, hyphens and underscores."),
            ),
        ],
        filters=[strip],
        description=_l("What the game itself calls it. It can't be changed later."),
    )


@bp.get("/reward-items")
@access("admin")
def list_reward_items() -> ResponseReturnValue:
    search = request.args.get("q", "").strip()[:100]
    found = paginate(reward_items.listed(search=search), number=page_number())
    return page("admin/reward_items.html", "admin/_reward_items.html", items=found, search=search)


@bp.get("/reward-items/new")
@access("admin")
def new_reward_item() -> ResponseReturnValue:
    return _form_page(NewRewardItemForm(formdata=None))


@bp.post("/reward-items/new")
@access("admin")
def create_reward_item() -> ResponseReturnValue:
    form = NewRewardItemForm()
    if not form.validate():
        return _form_page(form, status=form.status)
    try:
        with unit_of_work():
            item = reward_items.create(form.item_id.data, form.details(), actor=actor())
    except DomainError as refusal:
        explain(form, refusal)
        return _form_page(form, status=refusal.status)
    toast(_("%(item)s was created.", item=item.name))
    return see_other(url_for("admin.list_reward_items"))


@bp.get("/reward-items/<int:reward_item_id>")
@access("admin")
def edit_reward_item(reward_item_id: int) -> ResponseReturnValue:
    item = reward_items.one(reward_item_id)
    return _form_page(RewardItemForm(formdata=None, obj=item), item)


@bp.post("/reward-items/<int:reward_item_id>")
@access("admin")
def change_reward_item(reward_item_id: int) -> ResponseReturnValue:
    form = RewardItemForm(image=reward_items.one(reward_item_id).image)
    if not form.validate():
        return _form_page(form, reward_items.one(reward_item_id), status=form.status)
    try:
        with unit_of_work():
            version = seen_version(form.version.data)
            item = reward_items.change(reward_item_id, form.details(), version=version, actor=actor())
    except Stale as refusal:
        explain(form, refusal)
        form.version.data = refusal.version
        return _form_page(form, reward_items.one(reward_item_id), status=refusal.status)
    toast(_("%(item)s was saved.", item=item.name))
    return see_other(url_for("admin.list_reward_items"))


@bp.delete("/reward-items/<int:reward_item_id>")
@access("admin")
def delete_reward_item(reward_item_id: int) -> ResponseReturnValue:
    with unit_of_work():
        item = reward_items.delete(reward_item_id, actor=actor())
    toast(_("%(item)s was deleted.", item=item.name), "info")
    return see_other(url_for("admin.list_reward_items"))


def _form_page(form: RewardItemForm, item: RewardItem | None = None, *, status: int = 200) -> Response:
    return Response(render_template("admin/reward_item.html", form=form, item=item), status)
