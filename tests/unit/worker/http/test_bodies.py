"""Bodies: the same content however it arrives, and never more than the bound."""

import gzip
import json
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from import_worker.http.bodies import BodyCutOff, BodyTooLarge, BoundedBody, parse_json


def collected(wire, cuts, *, limit, encoding):
    body = BoundedBody(limit=limit, encoding=encoding)
    places = sorted({min(cut, len(wire)) for cut in cuts} | {0, len(wire)})
    for start, end in pairwise(places):
        body.feed(wire[start:end])
    return body.finish()


CUTS = st.lists(st.integers(0, 2000), max_size=8)


@given(parts=st.lists(st.binary(max_size=800), min_size=1, max_size=3), cuts=CUTS)
def test_a_body_is_the_same_however_it_is_cut_and_in_several_gzip_members(parts, cuts):
    whole = b"".join(parts)
    packed = b"".join(map(gzip.compress, parts))
    assert collected(whole, cuts, limit=len(whole), encoding="") == whole
    assert collected(packed, cuts, limit=len(whole), encoding="gzip") == whole


@given(content=st.binary(min_size=1, max_size=800), cuts=CUTS)
def test_one_byte_beyond_the_bound_is_too_much(content, cuts):
    for wire, encoding in ((content, "identity"), (gzip.compress(content), "gzip")):
        with pytest.raises(BodyTooLarge):
            collected(wire, cuts, limit=len(content) - 1, encoding=encoding)


@given(content=st.binary(max_size=300), missing=st.integers(1, 30))
def test_packed_content_that_ends_too_early_is_cut_off(content, missing):
    wire = gzip.compress(content)
    with pytest.raises(BodyCutOff):
        collected(wire[: max(0, len(wire) - missing)], [], limit=1000, encoding="gzip")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(document=st.lists(JSON, min_size=1, max_size=4), data=st.data())
def test_every_cut_of_a_document_is_told_from_nonsense(document, data):
    text = json.dumps(document, ensure_ascii=data.draw(st.booleans())).encode(errors="surrogatepass")
    place = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(BodyCutOff):
        parse_json(text[:place])
