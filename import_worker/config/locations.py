"""Where a fault of the models stands in a document: paths without the names of what a union tried.

Owns the walk along the models, and the choice among what the members of a union complain about.
"""

import re
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from import_worker.config.document import Path

Location = tuple[str | int, ...]

_KEY = "[key]"
_INNER = re.compile(r"^function-[a-z]+\[.*, (.*)\]$")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a location leads.

    Attributes:
        path: in the document.
        models: that may stand there in place of the last part's holder: those of which the last part may be a key.
        union: path of the innermost union that was tried on the way. None: there was none.
        fits: what the document has there is of the kind that the tried members of unions take.
    """

    path: Path
    models: tuple[type[BaseModel], ...]
    union: Path | None
    fits: bool


def locate(root: type[BaseModel], value: Any, location: Location) -> Place:
    """Follow a location of pydantic through models and document.

    Args:
        root: model of the document.
        value: the document.
        location: keys and indexes, and in between the tags and names of members of unions.
    """
    path: list[str | int] = []
    here, members = value, _members(root)
    models: list[type[BaseModel]] = []
    union: Path | None = None
    fits = True
    for part in location:
        if part == _KEY:
            continue
        if len(members) > 1:
            union = tuple(path)
            fits = fits and _fits(here, part, members)
            members = _chosen(members, part)
            continue
        models = [member for member in members if _is_model(member)]
        path.append(part)
        here = _item(here, part)
        members = [inner for member in members for inner in _inside(member, part)]
    return Place(path=tuple(path), models=tuple(models), union=union, fits=fits)


def causes(root: type[BaseModel], value: Any, errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """The errors that say something: of a union only those of the member that was meant, and of lists no follow-ups."""
    places = [locate(root, value, error["loc"]) for error in errors]
    meant = {place.union for place in places if place.union is not None and place.fits}
    kept: list[ErrorDetails] = []
    misfits: set[Path] = set()
    for error, place in zip(errors, places, strict=True):
        if place.union is not None and not place.fits:
            if place.union not in meant and place.union not in misfits:
                misfits.add(place.union)
                kept.append(_misfit(error, place.union))
        elif not _follows(error, errors):
            kept.append(error)
    return kept


def _misfit(error: ErrorDetails, path: Path) -> ErrorDetails:
    """One complaint in place of those of all members."""
    changed = error.copy()
    changed["type"], changed["loc"] = "value_error", path
    changed["msg"] = "is of a kind that cannot stand here"
    return changed


def _follows(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """Whether a list is only too short because its items are faulty."""
    own = error["loc"]
    return error["type"] == "too_short" and any(
        each["loc"][: len(own)] == own and each["loc"] != own for each in errors
    )


def keys_of(model: type[BaseModel]) -> dict[str | int, str]:
    """The keys of a model in a document, and its fields by them."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def _members(annotation: Any) -> list[Any]:
    """The members of a union, or the annotation itself. None is no member: pydantic does not name it."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        return [member for part in get_args(annotation) for member in _members(part) if member is not type(None)]
    return [annotation]


def _is_model(member: Any) -> bool:
    return isinstance(member, type) and issubclass(member, BaseModel)


def _inside(member: Any, part: str | int) -> list[Any]:
    """The members of what stands at a key or index of a member."""
    if _is_model(member):
        name = keys_of(member).get(part)
        return [] if name is None else _members(member.model_fields[name].annotation)
    args = get_args(member)
    return _members(args[1] if get_origin(member) is dict else args[0]) if args else []


def _chosen(members: list[Any], label: str | int) -> list[Any]:
    tagged = [member for member in members if _is_model(member) and label in _tags(member)]
    named = [member for member in members if _is_model(member) and member.__name__ == label]
    kind = _kind_of(str(label))
    return (tagged or named or [each for each in members if not _is_model(each) and _origin_kind(each) is kind])[:1]


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get("type")
    return get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()


def _fits(here: Any, label: str | int, members: list[Any]) -> bool:
    takes_mapping = any(_is_model(each) and label in (each.__name__, *_tags(each)) for each in members)
    wanted = dict if takes_mapping else _kind_of(str(label))
    return isinstance(here, wanted) if wanted else not isinstance(here, dict | list)


def _kind_of(label: str) -> type | None:
    """The kind of value that a member takes by pydantic's name for it. None: a scalar."""
    inner = _INNER.match(label)
    if inner:
        return _kind_of(inner[1])
    return list if label.startswith(("tuple[", "list[")) else dict if label.startswith("dict[") else None


def _origin_kind(member: Any) -> type | None:
    origin = get_origin(member)
    return list if origin in {tuple, list} else dict if origin is dict else None


def _item(holder: Any, part: str | int) -> Any:
    if isinstance(holder, dict):
        return holder.get(part)
    known = isinstance(holder, list) and isinstance(part, int) and part < len(holder)
    return holder[part] if known else None
