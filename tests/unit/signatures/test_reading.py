"""Which signatures a message has: SIG-30, SEC-038, SEC-059."""

from __future__ import annotations

import pytest

from fedtext.config import Limits, Scheme
from fedtext.errors import SignatureMalformed, SignatureMissing
from fedtext.http import Headers, Request, Response
from fedtext.signatures import parse_claim, parse_claims, parse_response_claims

OWNER = "https://a.example/users/1"
INPUT = ("Signature-Input", f'sig1=("@method");created=1;keyid="{OWNER}#ed25519-key"')
SIGNED = ("Signature", "sig1=:AAAA:")


def cavage(key_id: str = f"{OWNER}#main-key") -> str:
    return f'keyId="{key_id}",headers="date",signature="AAAA"'


def request(*fields: tuple[str, str]) -> Request:
    return Request(method="GET", scheme="https", authority="b.example", target="/", headers=Headers.build(fields))


def test_sig_30_signature_input_decides() -> None:
    assert parse_claim(request(INPUT, SIGNED)).scheme is Scheme.RFC9421
    assert parse_claim(request(("Signature", cavage()))).scheme is Scheme.CAVAGE
    with pytest.raises(SignatureMalformed):
        parse_claim(request(SIGNED))
    with pytest.raises(SignatureMissing):
        parse_claim(request())


def test_parse_claim_gives_the_first_of_several() -> None:
    both = request(
        ("Signature-Input", 'b=("@method");keyid="k2", a=("@method");keyid="k1"'),
        ("Signature", "a=:AAAA:"),
        ("Signature", "b=:AAAA:"),
    )
    assert [claim.key_id for claim in parse_claims(both)] == ["k2", "k1"]
    assert parse_claim(both).key_id == "k2"


@pytest.mark.parametrize(
    "field",
    [
        ("Signature", cavage()),
        ("Signature", cavage(OWNER)),
        ("Signature", f"Signature {cavage()}"),
        ("Signature", cavage().replace("keyId", " KEYID ")),
        ("Authorization", f"Signature {cavage()}"),
    ],
)
def test_where_both_schemes_name_one_owner_rfc_9421_counts(field: tuple[str, str]) -> None:
    for fields in ([INPUT, SIGNED, field], [field, SIGNED, INPUT]):
        claims = parse_claims(request(*fields))
        assert [(claim.scheme, claim.label) for claim in claims] == [(Scheme.RFC9421, "sig1")]


@pytest.mark.parametrize(
    "fields",
    [
        [("Signature", cavage("https://evil.example/#main-key"))],
        [("Signature", cavage(f"{OWNER}0#main-key"))],
        [("Authorization", f"Signature {cavage('https://evil.example/#main-key')}")],
        [("Signature", cavage()), ("Authorization", f"Signature {cavage('https://evil.example/#main-key')}")],
        [("Signature", cavage()), ("Signature", cavage())],
        [("Signature", cavage().replace("AAAA", "%"))],
        [("Authorization", f"Signature {cavage()}"), ("Authorization", "Bearer x")],
    ],
)
def test_sec_059_sec_038_anything_else_at_once_is_ambiguous(fields: list[tuple[str, str]]) -> None:
    with pytest.raises(SignatureMalformed):
        parse_claims(request(INPUT, SIGNED, *fields))


def test_sec_059_every_label_must_name_the_owner() -> None:
    text = f'{INPUT[1]}, sig2=("@method");keyid="https://evil.example/#k"'
    fields = [("Signature-Input", text), ("Signature", "sig1=:AAAA:, sig2=:AAAA:")]
    assert len(parse_claims(request(*fields))) == 2
    with pytest.raises(SignatureMalformed):
        parse_claims(request(*fields, ("Signature", cavage())))


def test_the_fields_of_rfc_9421_may_stand_on_several_lines() -> None:
    """One of them may, too, while the other does not."""
    inputs = [f'sig{n}=("@method");created=1;keyid="{OWNER}#{n}"' for n in (1, 2)]
    one, two = "sig1=:AAAA:", "sig2=:AAAB:"
    for lines in (
        [("signature-input", inputs[0]), ("signature-input", inputs[1]), ("signature", f"{one}, {two}")],
        [("signature-input", ", ".join(inputs)), ("signature", one), ("signature", two)],
        [("signature-input", inputs[0]), ("signature-input", inputs[1]), ("signature", one), ("signature", two)],
    ):
        claims = parse_claims(request(*lines))
        assert [claim.key_id for claim in claims] == [f"{OWNER}#1", f"{OWNER}#2"]


def test_a_label_may_have_the_name_of_a_parameter() -> None:
    for text in ('keyid=("@method");keyid="k"', 'keyid=("@method");keyid="k";x'):
        claim = parse_claim(request(("Signature-Input", text), ("Signature", "keyid=:AAAA:")))
        assert claim.label == "keyid"


def test_an_authorization_of_another_kind_is_no_signature() -> None:
    assert len(parse_claims(request(INPUT, SIGNED, ("Authorization", "Bearer x")))) == 1


def test_a_signature_of_draft_cavage_alone_does_not_answer_signature_input() -> None:
    with pytest.raises(SignatureMalformed):
        parse_claims(request(INPUT, ("Signature", cavage())))


def test_responses() -> None:
    response = Response(status=200, headers=Headers.build([INPUT, SIGNED]))
    assert [claim.label for claim in parse_response_claims(response)] == ["sig1"]
    with pytest.raises(SignatureMissing):
        parse_response_claims(Response(status=200, headers=Headers.build([("Signature", cavage())])))
    with pytest.raises(SignatureMalformed):
        parse_response_claims(response, Limits(signature_bytes_max=5))


def test_sec_059_a_key_id_without_a_fragment_names_its_owner_whole() -> None:
    bare = ("Signature-Input", f'sig1=("@method");created=1;keyid="{OWNER}"')
    assert len(parse_claims(request(bare, SIGNED, ("Signature", cavage(OWNER))))) == 1
    with pytest.raises(SignatureMalformed):
        parse_claims(request(bare, SIGNED, ("Signature", cavage(f"{OWNER}0"))))
