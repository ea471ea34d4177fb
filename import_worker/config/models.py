"""The configuration of one import as a whole, and the questions that other modules ask it.

Owns the root model. It holds references only, never a secret, so it may be stored and read back as JSON.
"""

from typing import Literal

from pydantic import Field

from import_worker.config.assets import Assets, Attribute, ObjectType
from import_worker.config.source import Model, Name, Pagination, Resource, Source


class ImportConfig(Model):
    """One import: a source, its resources, and the object types they become.

    Build it with parse_import or load_import, which check what one section says about another.
    """

    version: Literal[1]
    kind: Literal["import"]
    name: Name
    description: str = ""
    window: int = Field(default=8, ge=1, le=1000)
    source: Source
    resources: tuple[Resource, ...] = Field(min_length=1)
    assets: Assets

    def resource(self, name: str) -> Resource:
        """The resource of that name. Raises KeyError."""
        return {resource.name: resource for resource in self.resources}[name]

    def pagination_of(self, resource: Resource) -> Pagination:
        """How the pages of a resource follow one another: its own pagination, else the source's."""
        pagination = resource.pagination or self.source.pagination
        if pagination is None:
            raise ValueError(f"resource {resource.name!r} has no pagination")
        return pagination

    def object_type(self, name: str) -> ObjectType:
        """The object type of that name. Raises KeyError."""
        return {object_type.name: object_type for object_type in self.assets.object_types}[name]

    def types_of(self, resource: str) -> tuple[ObjectType, ...]:
        """The object types that a resource's records become, in file order."""
        return tuple(kind for kind in self.assets.object_types if kind.resource == resource)

    def attribute_type(self, attribute: Attribute) -> Attribute:
        """The attribute whose values this one holds: itself, or for a reference the one it refers by."""
        if attribute.reference is None:
            return attribute
        return self.object_type(attribute.reference.type).attributes[attribute.reference.by]

    def external_id(self, type_name: str, attribute: str | None = None) -> str:
        """The external id of an object type or of one of its attributes, by the file or by default."""
        kind = self.object_type(type_name)
        if attribute is None:
            return kind.external_id or f"longshore/{self.name}/{type_name}"
        return kind.attributes[attribute].external_id or f"longshore/{self.name}/{type_name}/{attribute}"
