"""The Link header of RFC 8288: which address stands in which relation to the page.

Owns its grammar: several links, quoted and unquoted parameters, several relations in one link.
"""

import re

_LINK = re.compile(r"""<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)""")
_PARAM = re.compile(r""";\s*([\w!#$&+.^`|~*-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?""")
_MAX_HEADER = 16 * 1024


def link_with(header: str, relation: str) -> str | None:
    """The target of the first link in a relation, as it was written; None if no link has it.

    Args:
        header: one or several Link headers, joined by commas; what follows the first 16 KiB is not read.
        relation: such as "next"; letter case does not matter.
    """
    for target, params in _LINK.findall(header[:_MAX_HEADER]):
        relations = next((_unquoted(param) for param in _PARAM.finditer(params) if param[1].lower() == "rel"), "")
        if relation.lower() in relations.lower().split():
            return str(target)
    return None


def _unquoted(param: re.Match[str]) -> str:
    return param[3] or "" if param[2] is None else re.sub(r"\\(.)", r"\1", param[2])
