"""Secrets are hidden in every form that addresses, headers and messages give them."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, strategies as st

from import_worker.errors import SourceBroken
from import_worker.http.redaction import MASK, Secrets

SECRET = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=6, max_size=40).filter(
    lambda text: "*" not in text
)
AROUND = st.binary(max_size=7)


@given(secret=SECRET)
def test_a_secret_is_hidden_as_it_is_and_as_addresses_have_it(secret):
    forms = [secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]]
    for form in forms:
        assert Secrets([secret]).hide(f"<{form}>") == f"<{MASK}>"


def test_escapes_of_either_case_are_hidden():
    assert Secrets(["top/s3cret"]).hide("top%2Fs3cret top%2fs3cret") == f"{MASK} {MASK}"


@given(secret=st.binary(min_size=6, max_size=40).map(bytes.hex), before=AROUND, after=AROUND)
def test_what_is_left_of_a_secret_inside_base64_tells_nothing(secret, before, after):
    whole = before + secret.encode() + after
    for encoded in (base64.b64encode(whole).decode(), base64.urlsafe_b64encode(whole).decode().rstrip("=")):
        hidden = Secrets([secret]).hide(f"Basic {encoded}")
        assert MASK in hidden
        shown = [part for part in hidden.removeprefix("Basic ").split(MASK) if part]
        assert len("".join(shown)) <= len(encoded) - len(secret)


def test_tokens_that_come_later_join_and_only_the_latest_stay():
    secrets = Secrets()
    for number in range(200):
        secrets.add(f"token-{number:03}-x")
    assert secrets.hide("token-199-x and token-000-x") == f"{MASK} and token-000-x"


def test_a_text_that_is_too_short_is_no_secret():
    assert Secrets(["abc", ""]).hide("abc") == "abc"


def test_the_longest_secret_goes_first():
    assert Secrets(["secret", "secret-and-more"]).hide("secret-and-more") == MASK


def test_messages_of_problems_are_hidden_on_their_way_out():
    with pytest.raises(SourceBroken) as caught, Secrets(["s3cret"]).hidden():
        raise SourceBroken("the key s3cret is wrong")
    assert (caught.value.message, str(caught.value)) == (f"the key {MASK} is wrong",) * 2


def test_a_secret_that_breaks_off_is_hidden_too():
    """Long values are cut short for messages, and tokens are longer than that."""
    secrets = Secrets(["eyJhbGciOi-header.payload-signature"])
    assert secrets.hide("finds 'eyJhbGciOi-header.pay at page 1") == f"finds '{MASK} at page 1"
    assert not secrets.shows("eyJhbGciOi-header.other")
