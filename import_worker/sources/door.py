"""The way to a REST source: one transport and one limiter for all that is asked of it, and credentials by resource.

Owns what a configuration says about requests as such, whatever they ask for.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from import_worker.config.bodies import texts_in
from import_worker.config.models import ImportConfig
from import_worker.config.resources import Resource
from import_worker.config.secrets import SecretRef, resolve_text, secrets_in
from import_worker.http.auth import Surroundings, credentials_of
from import_worker.http.credentials import Credentials
from import_worker.http.exchange import SOURCE, Access, Gate, Judge, Limits, Peer
from import_worker.http.feedback import Feedback
from import_worker.http.limiter import Beside, Limiter
from import_worker.http.oauth import Tokens
from import_worker.http.reach import Reach
from import_worker.http.redaction import Secrets
from import_worker.http.retry import RetryPolicy
from import_worker.http.rules import judge_of
from import_worker.http.transport import Transport
from import_worker.ports import Board, Clock

_TOKEN_PEER = replace(SOURCE, name="the token endpoint")
_MAX_TOKEN_BYTES = 256 * 1024
_PLACES = frozenset({"base_url", "path"})
"""Keys whose references are parts of addresses, which messages have to name."""
_SHORTEST_UNSTORABLE = 8
"""Characters of the shortest secret that is looked for in what is stored: a shorter one may stand there by chance."""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What a process has for all its sources.

    Attributes:
        env: where `${env:}` finds its values.
        clock: wall time.
        board: where budgets are shared with other workers.
        sleep: how short waits wait.
        jitter: a random number from 0 to 1.
        tokens: that were got.
    """

    env: Mapping[str, str] = field(repr=False)
    clock: Clock
    board: Board
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    tokens: Tokens = field(default_factory=Tokens)


class Door:
    """The way to the source of one import."""

    def __init__(self, config: ImportConfig, outside: Outside) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            ReferenceUnresolved: a reference has no value.
            SourceBroken: base_url is no usable address.
            Permanent: an auth plug-in is not installed, or refuses its options.
        """
        self._source = config.source
        self._outside = outside
        self._reach = Reach.PUBLIC if config.inline else Reach.ANY
        self.base_url = resolve_text(config.source.base_url, outside.env)
        self.secrets = Secrets(_secret_values(config, outside.env))
        self._unstorable = Secrets(_auth_secrets(config, outside.env))
        self._gate = self._limiter()
        around = Surroundings(
            env=outside.env,
            clock=outside.clock,
            tokens=outside.tokens,
            secrets=self.secrets,
            connect=self._token_transport,
        )
        # One for each resource; equal ones share their tokens.
        self._credentials = {
            each.name: credentials_of(each.auth or config.source.auth, around) for each in config.resources
        }
        self.transport = self._transport(self.base_url, SOURCE, self._gate, config.source.max_response_bytes)

    def credentials(self, resource: Resource) -> Credentials:
        """What requests for a resource carry."""
        return self._credentials[resource.name]

    def judge(self, resource: Resource, *, first_page: bool) -> Judge:
        """What answers mean by the rules of a resource and of the source."""
        return judge_of((*resource.error_rules, *self._source.error_rules), first_page=first_page)

    def shows_credential(self, text: str) -> bool:
        """Whether a text that is to be stored repeats a secret of an auth section, or a token that was got with it."""
        return self._unstorable.shows(text) or self.secrets.shows_later(text)

    def _token_transport(self, url: str) -> Transport:
        return self._transport(url, _TOKEN_PEER, Beside(self._gate), _MAX_TOKEN_BYTES)

    def _transport(self, url: str, peer: Peer, gate: Gate, max_response_bytes: int) -> Transport:
        outside, retry = self._outside, self._source.retry
        return Transport(
            peer=peer,
            access=Access(base_url=url, secrets=self.secrets, reach=self._reach),
            retry=RetryPolicy(
                attempts=retry.attempts,
                max_inline_wait=retry.max_inline_wait,
                sleep=outside.sleep,
                jitter=outside.jitter,
            ),
            clock=outside.clock,
            limits=Limits(max_response_bytes=max_response_bytes, **self._source.timeouts.model_dump()),
            gate=gate,
        )

    def _limiter(self) -> Limiter:
        limit = self._source.rate_limit
        return Limiter(
            board=self._outside.board,
            key=f"source:{self._source.shared_name}:budget",
            rates=limit.rates,
            max_concurrency=limit.max_concurrency,
            feedback=Feedback.of(limit),
            clock=self._outside.clock,
            sleep=self._outside.sleep,
            max_inline_wait=self._source.retry.max_inline_wait,
        )


def _secret_values(config: ImportConfig, env: Mapping[str, str]) -> list[str]:
    """Every value that came from a reference and may be secret: all but parts of addresses."""
    sections = [config.source.model_dump(mode="json"), *(each.model_dump(mode="json") for each in config.resources)]
    kept = [value for section in sections for key, value in section.items() if key not in _PLACES]
    return [value for text in texts_in(kept) for value in secrets_in(text, env)]


def _auth_secrets(config: ImportConfig, env: Mapping[str, str]) -> Iterator[str]:
    for auth in (config.source.auth, *(each.auth for each in config.resources if each.auth)):
        for name in type(auth).model_fields:
            value = getattr(auth, name)
            if isinstance(value, SecretRef) and len(secret := value.resolve(env)) >= _SHORTEST_UNSTORABLE:
                yield secret
