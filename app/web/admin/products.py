"""Products: find, make, change, take off the shelf."""

from typing import Any

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional, Regexp

from app.catalog import service as catalog
from app.catalog.errors import Stale
from app.catalog.models import Product
from app.catalog.service import ProductDetails
from app.config import settings
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.lists import paginate
from app.kit.text import slugify
from app.orders import service as orders
from app.web.admin import bp
from app.web.arguments import page_number, seen_version, switched, whole_number
from app.web.fields import AmountField, Filled, slug_shape
from app.web.forms import explain, strip
from app.web.pictures import PictureForm, no_picture_field, picture_field
from app.web.visitor import access, actor

NEEDED = _l("Please fill this in.")
STATES = {"active": True, "inactive": False}


class ProductForm(PictureForm):
    name = StringField(_l("Name"), [Filled(NEEDED), Length(max=128)], filters=[strip])
    sku = StringField(
        _l("SKU"),
        [
            Filled(NEEDED),
            Length(max=40),
            Regexp(
                r"\A[A-Za-z0-9._-]+\Z", message=_l("Please use only letters, digits, dots, hyphens and underscores.")
            ),
        ],
        filters=[strip],
        description=_l("Your own short name for it, as it stands on invoices."),
    )
    slug = StringField(
        _l("Address"),
        [Optional(), Length(max=140), slug_shape()],
        filters=[strip],
        description=_l("The last part of the product's address. Left empty, it is made from the name."),
    )
    picture, no_picture, image = picture_field(), no_picture_field(), HiddenField()
    category_id = SelectField(_l("Category"), coerce=int)
    price = AmountField(_l("Price"), [Filled(NEEDED)], render_kw={"inputmode": "decimal"})
    description = TextAreaField(
        _l("Description"),
        [Length(max=20_000)],
        description=_l("Paragraphs, lists, links and bold text in HTML are kept, everything else is taken out."),
    )
    position = IntegerField(
        _l("Place on the shelf"),
        [NumberRange(0, 9999, message=_l("Please enter a whole number from 0 to 9999."))],
        default=0,
        description=_l("Smaller numbers come first."),
    )
    version = HiddenField()
    is_active = BooleanField(_l("For sale"), default=True, description=_l("Shoppers can see and order it."))

    def __init__(self, *args: Any, product_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.product_id = product_id
        self.category_id.choices = [(each.id, each.name) for each in catalog.categories()]

    def validate(self, extra_validators: Any = None) -> bool:
        """Also whether another product has the SKU or the address, so that all faults are told at once."""
        fits = super().validate(extra_validators)
        refusals = self._taken()
        for refusal in refusals:
            explain(self, refusal)
        if fits and refusals:
            self.status = refusals[0].status
        return fits and not refusals

    def _taken(self) -> list[DomainError]:
        sku = None if self.sku.errors else self._sku()
        is_told = self.slug.errors or (not self.slug.data and self.name.errors)
        slug = None if is_told else self._slug()
        return catalog.taken(sku=sku, slug=slug, except_id=self.product_id)

    def _sku(self) -> str:
        return (self.sku.data or "").upper()

    def _slug(self) -> str:
        return self.slug.data or slugify(self.name.data) or slugify(self._sku())

    def details(self) -> ProductDetails:
        return ProductDetails(
            sku=self._sku(),
            name=self.name.data,
            slug=self._slug(),
            description=self.description.data or "",
            category_id=self.category_id.data,
            price_cents=self.price.data,
            is_active=self.is_active.data,
            position=self.position.data,
            image=self.chosen_picture(),
        )


@bp.get("/products")
@access("admin")
def list_products() -> ResponseReturnValue:
    search, state = request.args.get("q", "").strip()[:100], request.args.get("status", "")
    found = catalog.products(
        search=search, category_id=whole_number(request.args.get("category")), is_active=STATES.get(state)
    )
    return page(
        "admin/products.html",
        "admin/_products.html",
        products=paginate(found, number=page_number()),
        categories=catalog.categories(),
        search=search,
        state=state if state in STATES else "",
        category=whole_number(request.args.get("category")),
    )


@bp.get("/products/new")
@access("admin")
def new_product() -> ResponseReturnValue:
    return _form_page(ProductForm(formdata=None, category_id=whole_number(request.args.get("category"))))


@bp.post("/products/new")
@access("admin")
def create_product() -> ResponseReturnValue:
    form = ProductForm()
    if not form.validate():
        return _form_page(form, status=form.status)
    try:
        with unit_of_work():
            product = catalog.create_product(form.details(), actor=actor(), now=clock.now())
    except DomainError as refusal:
        explain(form, refusal)
        return _form_page(form, status=refusal.status)
    toast(_("%(product)s was created.", product=product.name))
    return see_other(url_for("admin.list_products"))


@bp.get("/products/<int:product_id>")
@access("admin")
def edit_product(product_id: int) -> ResponseReturnValue:
    product = catalog.product(product_id)
    return _form_page(ProductForm(formdata=None, obj=product, price=product.price_cents), product)


@bp.post("/products/<int:product_id>")
@access("admin")
def change_product(product_id: int) -> ResponseReturnValue:
    form = ProductForm(product_id=product_id, image=catalog.product(product_id).image)
    if not form.validate():
        return _form_page(form, catalog.product(product_id), status=form.status)
    try:
        with unit_of_work():
            product = catalog.change_product(
                product_id, form.details(), version=seen_version(form.version.data), actor=actor(), now=clock.now()
            )
    except DomainError as refusal:
        explain(form, refusal)
        if isinstance(refusal, Stale):
            form.version.data = refusal.version
        return _form_page(form, catalog.product(product_id), status=refusal.status)
    toast(_("%(product)s was saved.", product=product.name))
    return see_other(url_for("admin.list_products"))


@bp.post("/products/<int:product_id>/switch")
@access("admin")
def switch_product(product_id: int) -> ResponseReturnValue:
    is_active = switched()
    with unit_of_work():
        product = catalog.switch_product(product_id, is_active=is_active, actor=actor(), now=clock.now())
    told = _("%(product)s is for sale again.") if is_active else _("%(product)s is off the shelf.")
    toast(told % {"product": product.name})
    return see_other(url_for("admin.list_products"))


@bp.delete("/products/<int:product_id>")
@access("admin")
def delete_product(product_id: int) -> ResponseReturnValue:
    with unit_of_work():
        product = catalog.delete_product(product_id, actor=actor())
    toast(_("%(product)s was deleted.", product=product.name), "info")
    return see_other(url_for("admin.list_products"))


def _form_page(form: ProductForm, product: Product | None = None, *, status: int = 200) -> Response:
    return Response(
        render_template(
            "admin/product.html",
            form=form,
            product=product,
            currency=settings().currency,
            was_sold=product is not None and orders.was_sold(product.id),
        ),
        status,
    )
