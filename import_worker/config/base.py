"""What every section of a configuration is made of: the root of the models, and the kinds of names.

Owns their strictness and what may stand in keys and ids.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""A name that may stand in keys and ids: 1 to 63 lower-case letters, digits and hyphens."""

Key = Annotated[str, Field(min_length=1)]


class Model(BaseModel):
    """Root of all sections: closed, strict, immutable, and the same through JSON and back."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, serialize_by_alias=True)
