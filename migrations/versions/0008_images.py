"""Pictures of products and reward items; reward items can be edited."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("image", sa.String(length=64), nullable=True))
    op.add_column("reward_items", sa.Column("image", sa.String(length=64), nullable=True))
    op.add_column("reward_items", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    op.drop_column("reward_items", "version")
    op.drop_column("reward_items", "image")
    op.drop_column("products", "image")
