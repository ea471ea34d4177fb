"""Finding the entries of each object type in submitted data, along the selectors of the mapping.

Data that no selector reaches is refused: it would vanish without a trace.
"""

from collections.abc import Iterator, Mapping

from import_worker.sandbox.document import Document
from import_worker.sandbox.problems import FaultList

Entry = Mapping[str, object]


def find_entries(document: Document, data: object) -> dict[str, list[Entry]]:
    """Sort the entries of one chunk by the name of their object type.

    Raises:
        Refused: status 400 when a key is no selector or a selector finds something else than objects.
    """
    faults = FaultList()
    if not isinstance(data, dict):
        faults.add("data", "must be a JSON object whose keys are the selectors of the mapping")
        faults.raise_if_any()
        return {}
    roots = {mapping.selector[0] for mapping in document.mappings}
    for key in sorted(data.keys() - roots):
        faults.add(f"data.{key}", f"is no selector of the mapping; known are {', '.join(sorted(roots))}; case matters")
    found = {mapping.type_name: list(_walk(data, mapping.selector, "data", faults)) for mapping in document.mappings}
    faults.raise_if_any()
    return found


def _walk(value: object, selector: tuple[str, ...], path: str, faults: FaultList) -> Iterator[Entry]:
    if value is None:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield from _walk(item, selector, f"{path}[{index}]", faults)
            else:
                faults.add(f"{path}[{index}]", "must be a JSON object")
    elif not isinstance(value, dict):
        faults.add(path, "must be a JSON object or a list of them")
    elif selector:
        yield from _walk(value.get(selector[0]), selector[1:], f"{path}.{selector[0]}", faults)
    else:
        yield value
