"""Categories: the shelves of the store."""

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, StringField
from wtforms.validators import Length, NumberRange, Optional

from app.catalog import service as catalog
from app.catalog.errors import Stale
from app.catalog.models import Category
from app.catalog.service import CategoryDetails
from app.errors import DomainError
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.lists import paginate
from app.kit.text import slugify
from app.web.admin import bp
from app.web.arguments import page_number, seen_version, switched
from app.web.fields import Filled, slug_shape
from app.web.forms import Form, explain, strip
from app.web.visitor import access, actor

NEEDED = _l("Please fill this in.")


class CategoryForm(Form):
    name = StringField(_l("Name"), [Filled(NEEDED), Length(max=80)], filters=[strip])
    position = IntegerField(
        _l("Place in the store"),
        [NumberRange(0, 9999, message=_l("Please enter a whole number from 0 to 9999."))],
        default=0,
        description=_l("Smaller numbers come first."),
    )
    version = HiddenField()
    is_active = BooleanField(
        _l("Shown in the store"), default=True, description=_l("Switched off, its products can't be ordered either.")
    )

    def details(self) -> CategoryDetails:
        return CategoryDetails(name=self.name.data, position=self.position.data, is_active=self.is_active.data)


class NewCategoryForm(CategoryForm):
    slug = StringField(
        _l("Slug"),
        [Optional(), Length(max=64), slug_shape()],
        filters=[strip],
        description=_l("Promo codes and programs know the category by it, so it can't be changed later."),
    )

    def chosen_slug(self) -> str:
        return self.slug.data or slugify(self.name.data)[:64].strip("-")


@bp.get("/categories")
@access("admin")
def list_categories() -> ResponseReturnValue:
    search = request.args.get("q", "").strip()[:100]
    found = paginate(catalog.list_categories(search=search), number=page_number())
    counts = catalog.product_counts([each.id for each in found.items])
    return page("admin/categories.html", "admin/_categories.html", categories=found, counts=counts, search=search)


@bp.get("/categories/new")
@access("admin")
def new_category() -> ResponseReturnValue:
    return _form_page(NewCategoryForm(formdata=None))


@bp.post("/categories/new")
@access("admin")
def create_category() -> ResponseReturnValue:
    form = NewCategoryForm()
    if form.validate() and not form.chosen_slug():
        form.slug.errors = (_("Please enter a slug in small Latin letters, digits and hyphens."),)
    if form.errors:
        return _form_page(form, status=422)
    try:
        with unit_of_work():
            category = catalog.create_category(form.chosen_slug(), form.details(), actor=actor())
    except DomainError as refusal:
        explain(form, refusal)
        return _form_page(form, status=refusal.status)
    toast(_("%(category)s was created.", category=category.name))
    return see_other(url_for("admin.list_categories"))


@bp.get("/categories/<int:category_id>")
@access("admin")
def edit_category(category_id: int) -> ResponseReturnValue:
    category = catalog.category(category_id)
    return _form_page(CategoryForm(formdata=None, obj=category), category)


@bp.post("/categories/<int:category_id>")
@access("admin")
def change_category(category_id: int) -> ResponseReturnValue:
    form = CategoryForm()
    if not form.validate():
        return _form_page(form, catalog.category(category_id), status=422)
    try:
        with unit_of_work():
            version = seen_version(form.version.data)
            category = catalog.change_category(category_id, form.details(), version=version, actor=actor())
    except Stale as refusal:
        explain(form, refusal)
        form.version.data = refusal.version
        return _form_page(form, catalog.category(category_id), status=refusal.status)
    toast(_("%(category)s was saved.", category=category.name))
    return see_other(url_for("admin.list_categories"))


@bp.post("/categories/<int:category_id>/switch")
@access("admin")
def switch_category(category_id: int) -> ResponseReturnValue:
    is_active = switched()
    with unit_of_work():
        category = catalog.switch_category(category_id, is_active=is_active, actor=actor())
    told = _("%(category)s is shown in the store.") if is_active else _("%(category)s is hidden from the store.")
    toast(told % {"category": category.name})
    return see_other(url_for("admin.list_categories"))


@bp.delete("/categories/<int:category_id>")
@access("admin")
def delete_category(category_id: int) -> ResponseReturnValue:
    with unit_of_work():
        category = catalog.delete_category(category_id, actor=actor())
    toast(_("%(category)s was deleted.", category=category.name), "info")
    return see_other(url_for("admin.list_categories"))


def _form_page(form: CategoryForm, category: Category | None = None, *, status: int = 200) -> Response:
    has_products = category is not None and bool(catalog.product_counts([category.id]))
    return Response(
        render_template("admin/category.html", form=form, category=category, has_products=has_products), status
    )
