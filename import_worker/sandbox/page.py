"""The HTML of the view: what the import source holds, for people. Everything from outside is escaped."""

from collections.abc import Iterable
from html import escape
from itertools import islice
from urllib.parse import quote

from import_worker.sandbox.document import ObjectType
from import_worker.sandbox.importsource import ImportSource
from import_worker.sandbox.objects import AssetObject, Reference
from import_worker.sandbox.report import moment
from import_worker.sandbox.values import text

PAGE_SIZE = 100
_SHOWN_EXECUTIONS = 50
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1c2733 }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #d8dee6 }
th { font-weight: 600; color: #52606d }
a { color: #0b5cad }
code { font-size: .9em }
"""


def overview(source: ImportSource) -> str:
    """The first page: state, object types, executions, switches that are set."""
    types = source.document.types if source.document else ()
    count = {each.name: len(source.snapshot.by_type.get(each.name, {})) for each in types}
    executions = list(islice(reversed(list(source.executions)), _SHOWN_EXECUTIONS))
    return _page(
        "Assets sandbox",
        f"<p>Import source: <strong>{escape(source.status)}</strong></p>",
        "<h2>Objects</h2>",
        _table(("Object type", "Objects"), ((_type_link(each.name), str(count[each.name])) for each in types)),
        f"<h2>Executions (the latest {_SHOWN_EXECUTIONS})</h2>",
        _table(
            ("Execution", "State", "Chunks", "Entries", "Completed", "Started", "Ended"),
            (
                (
                    f"<code>{escape(each.id)}</code>",
                    escape(each.state) + (" (gone)" if each.gone else ""),
                    str(each.chunks),
                    str(each.received),
                    "yes" if each.completions else "no",
                    moment(each.started),
                    moment(each.ended) if each.ended else "",
                )
                for each in executions
            ),
        ),
        "<h2>Switches</h2>",
        _table(
            ("Switch", "Value"),
            ((escape(name), escape(str(value))) for name, value in source.faults.switches.json().items()),
        ),
    )


def objects_page(source: ImportSource, object_type: ObjectType, number: int) -> str:
    """One page of the objects of a type; pages count from 1."""
    found = list(source.snapshot.of(object_type.name))
    shown = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    names = [attribute.name for attribute in object_type.attributes]
    links = [
        f'<a href="?page={target}">{word}</a>'
        for word, target, exists in (
            ("previous", number - 1, number > 1),
            ("next", number + 1, number * PAGE_SIZE < len(found)),
        )
        if exists
    ]
    rows = (
        (
            f'<span id="{escape(each.key)}">{escape(each.key)}</span>',
            *(_cell(source, each, name) for name in names),
        )
        for each in shown
    )
    return _page(
        object_type.name,
        f'<p><a href="/_sandbox">Assets sandbox</a> · {len(found)} objects {" · ".join(links)}</p>',
        _table(("Key", *map(escape, names)), rows),
    )


def _cell(source: ImportSource, found: AssetObject, attribute: str) -> str:
    return ", ".join(
        _reference(source, value) if isinstance(value, Reference) else escape(text(value))
        for value in found.values.get(attribute, ())
    )


def _reference(source: ImportSource, value: Reference) -> str:
    target = source.snapshot.by_key[value.key]
    if source.document is None:
        return escape(value.key)
    label = target.label(source.document.by_name[target.type_name])
    return f"{escape(label)} ({escape(value.key)})"


def _type_link(name: str) -> str:
    return f'<a href="/_sandbox/types/{quote(name, safe="")}">{escape(name)}</a>'


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are HTML already."""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{each}</th>' for each in head)}</tr>{body}</table>"


def _page(title: str, *parts: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{''.join(parts)}</html>"
    )
