"""Assets as the destination of an import."""

from typing import Literal

from import_worker.config.destination import Destination
from import_worker.config.object_types import Label
from import_worker.config.secrets import SecretRef, Text


class Assets(Destination):
    """An import source of Assets."""

    info_url: Text = "https://api.atlassian.com/jsm/assets/v1/imports/info"
    token: SecretRef
    mapping: Literal["keep", "apply"] = "keep"
    object_schema: Label | None = None

    @property
    def identity(self) -> str:
        """What tells this destination from others: the same place through the same token."""
        return f"{self.info_url}\n{self.token.reference}"
