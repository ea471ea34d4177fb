"""What an answer means: the error rules of a configuration, and the built-in ones that come after them.

Pure: it reads an answer and says what is done about it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from import_worker.config.requests import ErrorRule, HeaderCondition, JsonCondition
from import_worker.config.selectors import compile_selector
from import_worker.http.bodies import BodyCutOff, BodyWrong, parse_json
from import_worker.http.exchange import Action, Judge, Response, Verdict

_BUILT_IN: Sequence[tuple[Callable[[int, bool], bool], Action]] = (
    (lambda status, _: 200 <= status < 300, Action.ACCEPT),  # noqa: PLR2004  classes of statuses
    (lambda status, _: status == 401, Action.RENEW),  # noqa: PLR2004
    (lambda status, _: status == 429, Action.RATE_LIMITED),  # noqa: PLR2004
    (lambda status, pausing: status in {403, 503} and pausing, Action.RATE_LIMITED),
    (lambda status, _: status >= 500 or status in {408, 425}, Action.RETRY),  # noqa: PLR2004
)
"""By status, and whether the answer asks for a pause; first match wins. What is left fails."""


def built_in(status: int, *, pausing: bool) -> Verdict:
    """What a status means where no rule of the configuration says otherwise.

    Args:
        status: HTTP status.
        pausing: the answer asks to send nothing for a while.
    """
    return Verdict(action=next((action for holds, action in _BUILT_IN if holds(status, pausing)), Action.FAIL))


def judge_of(rules: Sequence[ErrorRule], *, first_page: bool) -> Judge:
    """The judge of one request, by rules in their order.

    Args:
        rules: those of the resource, then those of the source.
        first_page: whether the first page of a resource is asked for.
    """
    applicable = [_compiled(rule) for rule in rules if first_page or rule.when.page is None]

    def judge(response: Response) -> Verdict | None:
        answer = _Answer(response)
        return next((verdict for holds, verdict in applicable if all(condition(answer) for condition in holds)), None)

    return judge


@dataclass(frozen=True)
class _Answer:
    """An answer whose body is read as JSON once, and only where a rule asks for it."""

    response: Response

    @cached_property
    def document(self) -> Any:
        """The JSON of the body. None: it is none."""
        try:
            return parse_json(self.response.body)
        except (BodyCutOff, BodyWrong):
            return None


_Condition = Callable[[_Answer], bool]


def _compiled(rule: ErrorRule) -> tuple[Sequence[_Condition], Verdict]:
    when = rule.when
    conditions: list[_Condition] = []
    if when.status is not None:
        statuses = frozenset(when.status)
        conditions.append(lambda answer: answer.response.status in statuses)
    if when.header is not None:
        conditions.append(_header_condition(when.header))
    if when.body is not None:
        conditions.append(_json_condition(when.body))
    return conditions, Verdict(action=Action(rule.action), message=rule.message or "")


def _header_condition(condition: HeaderCondition) -> _Condition:
    name = condition.name.lower()

    def holds(answer: _Answer) -> bool:
        value = answer.response.headers.get(name)
        return value is not None and (condition.values is None or value.strip() in condition.values)

    return holds


def _json_condition(condition: JsonCondition) -> _Condition:
    selector = compile_selector(condition.path)

    def holds(answer: _Answer) -> bool:
        try:
            found = selector.select(answer.document)
        except ValueError:
            return False
        if condition.values is None:
            return found is not None
        # JSON tells true from 1, Python does not.
        return any(found == value and isinstance(found, bool) is isinstance(value, bool) for value in condition.values)

    return holds
