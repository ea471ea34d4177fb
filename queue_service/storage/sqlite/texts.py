"""What stands in one column as JSON: payloads, contexts, settings, the jobs of groups and schedules; both ways."""

import base64
import json
from typing import Any

from queue_service.domain.queues import QueueSettings
from queue_service.domain.records import Concurrency, Context, NewEvent, OnComplete, Payload
from queue_service.domain.retry import PolicyChange


def settings_of(kept: dict[str, Any]) -> QueueSettings:
    return QueueSettings(**{**kept, "policy": PolicyChange.of(kept["policy"])})


def payload_pair(payload: Payload) -> list[Any]:
    return [payload.is_json, payload.data.decode() if payload.is_json else base64.b64encode(payload.data).decode()]


def payload_of(pair: list[Any]) -> Payload:
    is_json, text = pair
    return Payload(text.encode() if is_json else base64.b64decode(text), is_json)


def context_text(context: Context) -> str:
    data = None if context.data is None else payload_pair(context.data)
    return text_of([context.reason, context.message, data])


def context_of(text: str) -> Context:
    reason, message, data = json.loads(text)
    return Context(reason=reason, message=message, data=None if data is None else payload_of(data))


def on_complete_text(on_complete: OnComplete) -> str:
    return text_of([on_complete.queue, [spec_list(spec) for spec in on_complete.events]])


def on_complete_of(text: str) -> OnComplete:
    queue, specs = json.loads(text)
    return OnComplete(queue=queue, events=tuple(spec_of(spec) for spec in specs))


def spec_list(spec: NewEvent) -> list[Any]:
    """An event to push, as it is kept in JSON."""
    return [
        payload_pair(spec.payload),
        spec.delay,
        spec.not_before_time,
        spec.attributes,
        spec.priority,
        spec.concurrency,
        None if spec.policy is None else spec.policy.given(),
        spec.expire_after,
    ]


def spec_of(kept: list[Any]) -> NewEvent:
    """An event to push."""
    payload, delay, not_before_time, attributes, priority, concurrency, policy, expire_after = kept
    return NewEvent(
        payload=payload_of(payload),
        delay=delay,
        not_before_time=not_before_time,
        attributes=attributes,
        priority=priority,
        concurrency=None if concurrency is None else Concurrency(*concurrency),
        policy=None if policy is None else PolicyChange.of(policy),
        expire_after=expire_after,
    )


def text_of(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
