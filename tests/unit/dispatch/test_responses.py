"""Answers as values."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from fedtext.dispatch import (
    CURSOR_CHARS_MAX,
    Page,
    Sharing,
    Written,
    accepted,
    collection,
    collection_page,
    document_response,
    failure,
    gone,
    json_response,
    redirect_to_html,
)
from fedtext.errors import (
    ConfigurationError,
    FedtextError,
    MalformedJSON,
    MethodRefused,
    NotFound,
    SignatureMissing,
    StoreError,
)
from fedtext.http import Headers, Request

NOTE = {"@context": "https://www.w3.org/ns/activitystreams", "id": "https://home.example.com/1", "type": "Note"}
OUTBOX = "https://home.example.com/users/1/outbox"


def request(**headers: str) -> Request:
    fields = Headers.build((name.replace("_", "-"), value) for name, value in headers.items())
    return Request(method="GET", scheme="https", authority="home.example.com", target="/1", headers=fields)


def test_col_01_the_media_type_is_the_literal_that_lemmy_compares():
    response = document_response(NOTE, request())
    assert response.headers.get_all("content-type") == ["application/activity+json"]
    assert json.loads(response.body) == NOTE
    assert response.status == 200


def test_sec_019_public_documents_may_be_kept_private_ones_not():
    signed = "Accept, Signature, Authorization"
    for sharing, caching, vary in (
        (Sharing.ANYBODY, "public, max-age=180", "Accept"),
        (Sharing.UNSIGNED, "public, max-age=180", signed),
        (Sharing.SIGNED, "private, max-age=180", signed),
        (Sharing.VIEWER, "private, no-store", signed),
    ):
        response = document_response(NOTE, request(), sharing=sharing)
        assert (response.headers.get("cache-control"), response.headers.get("vary")) == (caching, vary)


def test_col_17_everybody_s_scripts_may_read():
    assert document_response(NOTE, request()).headers.get("access-control-allow-origin") == "*"


def test_the_tag_is_that_of_the_bytes():
    response = document_response(NOTE, request())
    assert response.headers.get("etag") == f'"{sha256(response.body).hexdigest()[:32]}"'
    assert response.headers.get("etag") != document_response({**NOTE, "content": "x"}, request()).headers.get("etag")


@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"x", {0}', "*", ' "x" ,W/{0} '])
def test_what_the_reader_has_is_not_sent_again(form):
    etag = document_response(NOTE, request()).headers.get("etag")
    response = document_response(NOTE, request(if_none_match=form.format(etag)))
    assert (response.status, response.body) == (304, b"")
    assert response.headers.get("etag") == etag
    assert "content-type" not in response.headers


@pytest.mark.parametrize("tags", ['"x"', "", "x" * 5_000, ",".join(['"x"'] * 5_000)])
def test_what_he_has_not_is(tags):
    assert document_response(NOTE, request(if_none_match=tags)).status == 200


def test_a_tombstone_is_sent_again_and_again():
    response = gone("https://home.example.com/1", request(if_none_match="*"))
    assert (response.status, json.loads(response.body)["type"]) == (410, "Tombstone")


def test_col_12_gone_is_410_with_a_tombstone():
    response = gone("https://home.example.com/1", request(), former_type="Note")
    document = json.loads(response.body)
    assert (document["id"], document["type"], document["formerType"]) == (NOTE["id"], "Tombstone", "Note")
    assert "https://www.w3.org/ns/activitystreams" in document["@context"]
    assert "formerType" not in json.loads(gone("https://home.example.com/1", request()).body)


def test_inb_03_a_delivery_is_answered_with_202():
    assert (accepted().status, accepted().body) == (202, b"")


def test_act_26_a_browser_is_sent_to_the_page():
    response = redirect_to_html("https://home.example.com/@alice", "https://home.example.com/users/1")
    assert (response.status, response.headers.get("location")) == (303, "https://home.example.com/@alice")
    assert response.headers.get("vary") == "Accept"
    link = '<https://home.example.com/users/1>; rel="alternate"; type="application/activity+json"'
    assert response.headers.get("link") == link
    private = redirect_to_html("https://home.example.com/p/1", "https://home.example.com/1", sharing=Sharing.VIEWER)
    assert private.headers.get("cache-control") == "private, no-store"


SECRET = "sw0rdf1sh-10.0.0.7"


@pytest.mark.spec("INB-25")
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MalformedJSON(f"bad token {SECRET}", body=SECRET), 400),
        (SignatureMissing(SECRET, key_id=SECRET), 401),
        (NotFound(SECRET), 404),
        (StoreError(f"/var/lib/{SECRET}"), 503),
        (ConfigurationError(SECRET, path=SECRET), 500),
        (FedtextError(SECRET), 500),
    ],
)
def test_sec_169_an_error_body_never_echoes(error, status):
    response = failure(error)
    assert (response.status, SECRET in response.body.decode()) == (status, False)
    problem = json.loads(response.body)
    assert (problem["status"], problem["code"]) == (status, error.code)
    assert response.headers.get("content-type") == "application/problem+json"
    assert response.headers.get("cache-control") == "no-store"


@pytest.mark.spec("INB-25")
def test_errors_teach_the_peer_but_do_not_tell_of_our_insides():
    assert "hint" in json.loads(failure(SignatureMissing()).body)
    assert "hint" not in json.loads(failure(ConfigurationError()).body)


def test_sec_009_405_says_what_is_served():
    assert failure(MethodRefused(), allow="POST, OPTIONS").headers.get("allow") == "POST, OPTIONS"


def test_503_says_when_to_come_again():
    assert failure(StoreError()).headers.get("retry-after") == "60"


def test_col_03_an_outbox_and_its_pages():
    whole = collection(OUTBOX, Page([], total=3, last="9"))
    assert (whole["type"], whole["totalItems"], whole["first"]) == ("OrderedCollection", 3, f"{OUTBOX}?page=true")
    assert whole["last"] == f"{OUTBOX}?cursor=9"
    page = collection_page(OUTBOX, None, Page(["https://home.example.com/1"], "a b/ü", 3, prev="7"))
    assert (page["id"], page["partOf"], page["type"]) == (whole["first"], OUTBOX, "OrderedCollectionPage")
    assert page["next"] == f"{OUTBOX}?cursor=a%20b%2F%C3%BC"
    assert page["prev"] == f"{OUTBOX}?cursor=7"
    assert page["orderedItems"] == ["https://home.example.com/1"]
    assert collection_page(OUTBOX, "x", Page()).keys().isdisjoint({"next", "prev", "totalItems"})


def test_ap_11_what_has_no_order_does_not_claim_one():
    assert collection(OUTBOX, Page(), ordered=False)["type"] == "Collection"
    page = collection_page(OUTBOX, None, Page(["https://home.example.com/1"]), ordered=False)
    assert (page["type"], page["items"], "orderedItems" in page) == (
        "CollectionPage",
        ["https://home.example.com/1"],
        False,
    )


def test_col_04_hidden_members_have_no_first_page():
    hidden = collection(OUTBOX, Page(["https://home.example.com/1"], "2", 3, last="9", hidden=True), whole=True)
    assert hidden.keys() == {"@context", "id", "type", "totalItems"}
    assert "totalItems" not in collection(OUTBOX, Page(hidden=True))


@pytest.mark.parametrize("ordered", [True, False])
def test_col_07_what_is_whole_has_no_pages(ordered):
    tag = {"type": "Hashtag", "name": "#a"}
    whole = collection(OUTBOX, Page([tag], total=1), ordered=ordered, whole=True)
    assert whole["orderedItems" if ordered else "items"] == [tag]
    assert "first" not in whole
    assert "Hashtag" in json.dumps(whole["@context"])


@pytest.mark.parametrize("length", [CURSOR_CHARS_MAX, CURSOR_CHARS_MAX + 1])
@pytest.mark.parametrize("name", ["next", "prev", "last"])
def test_a_cursor_that_could_not_be_read_again_is_not_given_out(name, length):
    page = Page(**{name: "x" * length})

    def build():
        return collection(OUTBOX, page) if name == "last" else collection_page(OUTBOX, None, page)

    if length > CURSOR_CHARS_MAX:
        with pytest.raises(ConfigurationError):
            build()
    else:
        assert name in build()


def test_other_json_has_its_own_media_type():
    response = json_response({"a": 1}, status=201, media_type="application/jrd+json", headers=[("x-y", "z")])
    assert (response.status, response.body) == (201, b'{"a":1}')
    assert dict(response.headers) == {"content-type": "application/jrd+json", "x-y": "z"}


# ---- documents that are kept -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sharing", Sharing)
@pytest.mark.parametrize("max_age_s", [180, 600])
def test_what_is_written_once_answers_as_what_is_written_each_time(sharing, max_age_s):
    written = Written(NOTE)
    for other in Sharing:
        written.answer(request(), sharing=other)
    for asked in (
        request(),
        request(if_none_match="*"),
        request(if_none_match=written.etag),
        request(if_none_match="x"),
    ):
        expected = document_response(NOTE, asked, sharing=sharing, max_age_s=max_age_s)
        assert written.answer(asked, sharing=sharing, max_age_s=max_age_s) == expected


def test_a_tombstone_and_what_was_there_are_different_answers():
    written = Written(NOTE)
    assert [written.answer(request(if_none_match="*"), status=status).status for status in (200, 410)] == [304, 410]
    assert [written.answer(request(), status=status).status for status in (200, 410)] == [200, 410]


def test_col_01_answers_are_made_once_and_few_are_kept():
    written = Written(NOTE)
    assert written.answer(request()) is written.answer(request())
    for max_age_s in range(100):
        written.answer(request(), max_age_s=max_age_s)
    assert len(written._answers) == 8
