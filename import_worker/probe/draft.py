"""A first file for an import, as text: short, with a comment where somebody has to decide.

Owns its form. What it writes is checked before anybody gets it.
"""

import json
import re
from collections.abc import Mapping

from import_worker.config import parse_import
from import_worker.pagination.candidates import Candidate, Sureness, scalar
from import_worker.probe.look import Looked
from import_worker.probe.records import Proposed, propose
from import_worker.probe.target import Target

SCHEMA = "import.schema.json"
"""Where editors find the schema: beside the file, written by `longshore import schema`."""

TOKEN = "ASSETS_TOKEN"  # noqa: S105  the name of a variable
_WORDS = {Sureness.CERTAIN: "certain", Sureness.LIKELY: "likely", Sureness.GUESS: "a guess: check it"}


def sureness_of(candidate: Candidate) -> str:
    """How sure a finding is, in words."""
    return _WORDS[candidate.sureness]


def draft(target: Target, looked: Looked, name: str | None) -> str:
    """The text of a file that `longshore import validate` accepts.

    Args:
        target: what was looked at.
        looked: what was found.
        name: of the import; by the address if None.

    Raises:
        SourceBroken: no field of the records can name an object.
        ConfigInvalid: the name is no valid one.
    """
    resource = target.name()
    kind = _type_name(resource)
    attributes = propose(looked.found.records)
    width = max(len(scalar(each.name)) for each in attributes)
    lines = [
        f"# yaml-language-server: $schema={SCHEMA}",
        f"# A first draft, made from {len(looked.found.records)} records of {_without_query(looked.url)}",
        "version: 1",
        "kind: import",
        f"name: {scalar(name or resource)}",
        "source:",
        "  type: rest",
        f"  base_url: {scalar(target.base_url)}",
        *_headers(target),
        "resources:",
        f"  - name: {resource}",
        f"    path: {scalar(target.path)}",
        *_params(target.params, looked),
        *([f"    data_selector: {scalar(looked.found.selector)}"] if looked.found.selector else []),
        f"    # {sureness_of(looked.chosen)}: {_comment(looked.chosen.evidence)}",
        f"    pagination: {looked.chosen.written()}",
        "assets:",
        "  # info_url: http://127.0.0.1:50080/jsm/assets/v1/imports/info   # longshore sandbox; Atlassian's by default",
        f"  token: ${{env:{TOKEN}}}",
        "  object_types:",
        f"    - name: {scalar(kind)}",
        f"      resource: {resource}",
        "      # identity names an object for ever, label is what people see: check both",
        "      attributes:",
        *(f"        {scalar(each.name) + ':':<{width + 1}} {_attribute(each)}" for each in attributes),
    ]
    text = "\n".join(lines) + "\n"
    parse_import(text, "the draft")
    return text


def _headers(target: Target) -> list[str]:
    lines = [f"  auth: {{ type: bearer, token: {json.dumps(target.bearer)} }}"] if target.bearer else []
    if target.headers:
        lines.append(f"  headers: {_flow(target.headers)}")
    return lines


def _params(params: Mapping[str, str], looked: Looked) -> list[str]:
    """The query of the address, but for what the pagination sets."""
    settings = looked.chosen.pagination.model_dump(mode="json", exclude_defaults=True)
    own = {value for key, value in settings.items() if key.endswith("_param")}
    left = {name: value for name, value in params.items() if name not in own}
    return [f"    params: {_flow(left)}"] if left else []


def _flow(values: Mapping[str, str]) -> str:
    return f"{{ {', '.join(f'{scalar(name)}: {scalar(value)}' for name, value in values.items())} }}"


def _attribute(proposed: Proposed) -> str:
    plain = proposed.type == "text" and not (proposed.identity or proposed.label or proposed.optional)
    if plain:
        return scalar(proposed.selector)
    marks = [f"from: {scalar(proposed.selector)}"]
    marks += [f"type: {proposed.type}"] if proposed.type != "text" else []
    marks += [f"{mark}: true" for mark in ("identity", "label", "optional") if getattr(proposed, mark)]
    return f"{{ {', '.join(marks)} }}"


def _type_name(resource: str) -> str:
    """A name for one of the resource: "vm-hosts" is "Vm host"."""
    word = resource.replace("-", " ")
    single = re.sub(r"ies$", "y", word) if word.endswith("ies") else re.sub(r"(?<=[^su])s$", "", word)
    return single[:1].upper() + single[1:]


def _comment(text: str) -> str:
    return " ".join(text.split())


def _without_query(url: str) -> str:
    return url.partition("?")[0]
