"""Signature-Input and Signature, label by label: SEC-050, SEC-055, SEC-056, SIG-28, HMS-01, HMS-02."""

from __future__ import annotations

import base64
import time

import pytest

from fedtext.config import Limits, Scheme
from fedtext.errors import SignatureMalformed
from fedtext.signatures import Component, SignatureClaim
from fedtext.signatures.claim import COMPONENTS_COUNT_MAX, SIGNATURE_BYTES_MAX
from fedtext.signatures.rfc9421_claim import LABELS_COUNT_MAX, parse_rfc9421, parse_usual, written_anew

LIMITS = Limits()
SIGNATURE = base64.b64encode(b"signed").decode()
LIST = '("@method" "@target-uri" "content-digest")'
PARAMS = f'{LIST};created=1790000000;keyid="https://a.example/#k";alg="rsa-v1_5-sha256"'
USUAL = f"sig1={PARAMS}"
SIGNED = f"sig1=:{SIGNATURE}:"


def parse(text: str, signed: str = SIGNED, limits: Limits = LIMITS) -> SignatureClaim:
    """Take the short road where there is one, and the long one always: both must say the same."""
    (claim,) = parse_rfc9421([text], [signed], limits)
    assert parse_usual(text, signed, limits) in (claim, None)
    return claim


def test_the_ordinary_fields() -> None:
    assert parse(USUAL) == SignatureClaim(
        scheme=Scheme.RFC9421,
        key_id="https://a.example/#k",
        algorithm="rsa-v1_5-sha256",
        covered=("@method", "@target-uri", "content-digest"),
        signature=b"signed",
        created_s=1_790_000_000,
        label="sig1",
        components=(Component("@method"), Component("@target-uri"), Component("content-digest")),
        signature_params=PARAMS,
    )


@pytest.mark.parametrize(
    "text",
    [
        USUAL,
        f'sig1={LIST};keyid="k";created=1',
        f'sig1={LIST};keyid="k";tag="t";nonce="n";expires=2;created=1',
        f'sig1={LIST};keyid="k"',
        f'a-b_c.d*={LIST};keyid="k"',
        'sig1=("a");keyid="k"',
    ],
)
def test_the_short_road_gives_what_the_long_one_gives(text: str) -> None:
    """A parameter that nobody knows leads the same fields over the long road."""
    signed = SIGNED.replace("sig1", text.partition("=")[0])
    short, long = parse_usual(text, signed, LIMITS), parse(f"{text};x", signed)
    assert short is not None
    assert short == parse(text, signed)
    assert long.signature_params == f"{short.signature_params};x"
    for name in ("label", "key_id", "algorithm", "covered", "components", "created_s", "expires_s", "nonce", "tag"):
        assert getattr(short, name) == getattr(long, name)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('sig1=( "a"  "b" ) ; keyid="k"', None),
        ('sig1=( "a"  "b" );keyid="k"', '("a" "b");keyid="k"'),
        ('sig1=("a" "b"); keyid="k"', '("a" "b");keyid="k"'),
        ('sig1=("a");keyid="k";x=?1', '("a");keyid="k";x'),
        ('sig1=("a");keyid="k";created=01', '("a");keyid="k";created=1'),
        ('sig1=("a");keyid="k";keyid="l"', '("a");keyid="l"'),
        ('sig1=("a";req=?1);keyid="k"', '("a";req);keyid="k"'),
    ],
)
@pytest.mark.spec("HMS-06")
def test_parameters_may_be_signed_as_received_or_as_written_anew(text: str, written: str | None) -> None:
    if written is None:
        with pytest.raises(SignatureMalformed):
            parse(text)
        return
    claim = parse(text)
    assert claim.signature_params == text.removeprefix("sig1=")
    assert written_anew(claim.signature_params) == written


def test_an_empty_list_is_read_and_left_to_the_check_of_coverage() -> None:
    assert parse('sig1=();keyid="k"').covered == ()


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        ("", ""),
        (USUAL, ""),
        ("", SIGNED),
        (USUAL, SIGNED.replace("sig1", "sig2")),
        (f'{USUAL}, sig2=("a");keyid="k"', SIGNED),
        (USUAL, f"{SIGNED}, sig2=:AAAA:"),
        (f"{USUAL}, {USUAL}", SIGNED),
        (USUAL, f"{SIGNED}, {SIGNED}"),
        (f'{USUAL}, sig1=("a");keyid="l"', SIGNED),
        (f"{USUAL},", SIGNED),
        (f"{USUAL} x", SIGNED),
        (USUAL.replace("(", "( (", 1), SIGNED),
        (USUAL.upper(), SIGNED),
        ("sig1", "sig1"),
        ('sig1="a";keyid="k"', SIGNED),
        ("sig1=5", SIGNED),
        (USUAL, f"sig1={SIGNATURE}"),
        (USUAL, f'sig1="{SIGNATURE}"'),
        (USUAL, f"sig1=(:{SIGNATURE}:)"),
        (USUAL, "sig1=:%%%:"),
        (USUAL, "sig1=:_-_-:"),
        (USUAL, "sig1=::"),
        (USUAL, "sig1"),
    ],
)
@pytest.mark.spec("HMS-01", "HMS-02")
def test_sec_056_sec_050_fields_that_do_not_go_together_are_refused(text: str, signed: str) -> None:
    with pytest.raises(SignatureMalformed):
        parse_rfc9421([text], [signed], LIMITS)


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        ";keyid",
        ";keyid=k",
        ";keyid=5",
        ';keyid=""',
        ';keyid="a b"',
        f';keyid="{"x" * 2_049}"',
        ';keyid="k";created="1"',
        ';keyid="k";created=1.0',
        ';keyid="k";created',
        ';keyid="k";created=@1',
        ';keyid="k";created=1234567890123456',
        ';keyid="k";expires=?0',
        ';keyid="k";alg=ed25519',
        ';keyid="k";nonce=5',
        ';keyid="k";tag=:AAAA:',
    ],
)
def test_sig_28_parameters_of_another_type_are_refused(parameters: str) -> None:
    with pytest.raises(SignatureMalformed):
        parse(f'sig1=("a"){parameters}')


@pytest.mark.parametrize("text", ['"a" "a"', '"Date"', "a", '"@nope"', '"a";zzz', '"@signature-params"', "5"])
def test_sec_053_a_list_with_an_unusable_component_is_refused(text: str) -> None:
    for tail in ("", ";x"):
        with pytest.raises(SignatureMalformed):
            parse(f'sig1=({text});keyid="k"{tail}')


def labels(count: int) -> tuple[list[str], list[str]]:
    names = [f"l{number}" for number in range(count)]
    return [f'{name}=("a");keyid="{name}"' for name in names], [f"{name}=:AAAA:" for name in names]


def test_sec_055_at_most_four_labels_are_read_in_their_order() -> None:
    inputs, signatures = labels(LABELS_COUNT_MAX)
    claims = parse_rfc9421(inputs, [", ".join(reversed(signatures))], LIMITS)
    assert [claim.key_id for claim in claims] == ["l0", "l1", "l2", "l3"]
    with pytest.raises(SignatureMalformed):
        parse_rfc9421(*labels(LABELS_COUNT_MAX + 1), LIMITS)


def test_an_unusable_label_is_passed_over_for_the_sake_of_the_others() -> None:
    inputs, signatures = labels(3)
    inputs[0] = 'l0=("a" "a");keyid="k"'
    signatures[2] = 'l2="text"'
    assert [claim.label for claim in parse_rfc9421(inputs, signatures, LIMITS)] == ["l1"]
    inputs[1] = 'l1=("a")'
    with pytest.raises(SignatureMalformed, match="twice"):
        parse_rfc9421(inputs, signatures, LIMITS)


@pytest.mark.parametrize("tail", ["", ";x"])
def test_sec_050_a_signature_is_bounded(tail: str) -> None:
    for size in (1, SIGNATURE_BYTES_MAX):
        text = base64.b64encode(b"x" * size).decode()
        assert parse(USUAL + tail, f"sig1=:{text}:").signature == b"x" * size
    with pytest.raises(SignatureMalformed):
        parse(USUAL + tail, f"sig1=:{base64.b64encode(b'x' * (SIGNATURE_BYTES_MAX + 1)).decode()}:")


def test_a_signature_without_padding_is_read_as_bytes_are() -> None:
    """RFC 9651 section 4.2.7 lets readers do without padding."""
    assert parse(USUAL, "sig1=:AA:").signature == b"\x00"


@pytest.mark.parametrize("tail", ["", ";x"])
def test_a_list_is_bounded(tail: str) -> None:
    names = [f'"{"x" * 10}{number}"' for number in range(COMPONENTS_COUNT_MAX + 1)]
    assert len(parse(f'sig1=({" ".join(names[1:])});keyid="k"{tail}').covered) == COMPONENTS_COUNT_MAX
    with pytest.raises(SignatureMalformed):
        parse(f'sig1=({" ".join(names)});keyid="k"{tail}')


def test_the_fields_are_bounded() -> None:
    exact = Limits(signature_bytes_max=len(USUAL))
    assert parse(USUAL, SIGNED, exact).label == "sig1"
    with pytest.raises(SignatureMalformed):
        parse(USUAL + " ", SIGNED, exact)
    with pytest.raises(SignatureMalformed):
        parse(USUAL, f"sig1=:{'A' * len(USUAL)}:", exact)
    with pytest.raises(SignatureMalformed):
        parse(USUAL, limits=Limits(iri_chars_max=5))


@pytest.mark.parametrize(
    "text",
    [
        'sig1=("' + '" "'.join("a" * 4_000),
        "sig1=(" + '"a"' * 2_700,
        "sig1=(" + " " * 8_000,
        'sig1=("a")' + ";a" * 4_000,
        'sig1=("a")' + ";created=1" * 800 + "x",
        "sig1=" + "(" * 8_000,
        "a=1," * 2_000,
        "*" * 8_000,
    ],
)
@pytest.mark.spec("SEC-037", "SIG-37")
def test_junk_is_refused_in_linear_time(text: str) -> None:
    start = time.process_time()
    with pytest.raises(SignatureMalformed):
        parse(text[:8_192])
    assert time.process_time() - start < 0.25  # a coarse watchdog: some hundred times what it takes


@pytest.mark.parametrize(
    ("inputs", "signed", "context"),
    [
        ("sig1=(", SIGNED, {"field": "Signature-Input"}),
        (USUAL, "sig1=:%:", {"field": "Signature"}),
        (USUAL, "sig1=:AAAAA:", {"field": "Signature"}),
        (f"{USUAL}, a=()", f"{SIGNED}, b=:AAAA:", {"label": "a b"}),
    ],
)
def test_what_is_wrong_with_the_fields_is_named(inputs: str, signed: str, context: dict[str, str]) -> None:
    with pytest.raises(SignatureMalformed) as caught:
        parse(inputs, signed)
    assert caught.value.context == context


def test_sec_050_both_fields_have_the_same_limit_on_both_roads() -> None:
    for limit, is_read in ((len(USUAL), True), (len(USUAL) - 1, False)):
        limits = Limits(signature_bytes_max=limit)
        assert (parse_usual(USUAL, SIGNED, limits) is not None) is is_read
        if not is_read:
            with pytest.raises(SignatureMalformed) as caught:
                parse_rfc9421([USUAL], [SIGNED], limits)
            assert caught.value.context == {"size_bytes": str(len(USUAL) + len(SIGNED))}
    long = f"sig1=:{base64.b64encode(bytes(300)).decode()}:"
    for limit, is_read in ((len(long), True), (len(long) - 1, False)):
        limits = Limits(signature_bytes_max=limit)
        assert (parse_usual(USUAL, long, limits) is not None) is is_read
        if is_read:
            assert parse_rfc9421([USUAL], [long], limits)[0].signature == bytes(300)


@pytest.mark.parametrize("signed", ["sig1=:AAAAx", "sig1=:AAAA", "sig1:AAAA:", "sig2=:AAAA:", "sig1=:AAAA:x"])
def test_the_short_road_takes_one_frame_only(signed: str) -> None:
    assert parse_usual(USUAL, signed, LIMITS) is None
