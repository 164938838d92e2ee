"""The grammar of draft-cavage parameters: SIG-07 to SIG-10, SEC-034 to SEC-039, SEC-044, SEC-050."""

from __future__ import annotations

import base64

import pytest

from fedtext.config import Limits, Scheme
from fedtext.errors import AlgorithmRefused, SignatureError, SignatureMalformed, SignatureMissing
from fedtext.http import Headers, Request
from fedtext.signatures import SignatureClaim, parse_claim
from fedtext.signatures.cavage_claim import PARAMETERS_COUNT_MAX
from fedtext.signatures.claim import COMPONENTS_COUNT_MAX, SIGNATURE_BYTES_MAX

KEY_ID = "https://a.example/users/1#main-key"
COVERED = "(request-target) host date digest"
SIGNATURE = base64.b64encode(b"signed").decode()
FULL = f'keyId="{KEY_ID}",algorithm="rsa-sha256",headers="{COVERED}",signature="{SIGNATURE}"'


def request(*headers: tuple[str, str]) -> Request:
    return Request(
        method="POST", scheme="https", authority="b.example", target="/inbox", headers=Headers.build(headers)
    )


def parse(text: str, limits: Limits | None = None) -> SignatureClaim:
    return parse_claim(request(("Signature", text)), limits)


def test_the_ordinary_header() -> None:
    claim = parse(FULL)
    assert claim == SignatureClaim(
        scheme=Scheme.CAVAGE,
        key_id=KEY_ID,
        algorithm="rsa-sha256",
        covered=("(request-target)", "host", "date", "digest"),
        signature=b"signed",
        parameters=(("keyid", KEY_ID), ("algorithm", "rsa-sha256"), ("headers", COVERED), ("signature", SIGNATURE)),
    )
    assert (claim.created_s, claim.expires_s) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        FULL.replace(",", ", "),
        FULL.replace(",", " ,\t "),
        FULL.replace("=", " = ", 1),
        f"  {FULL}\t",
        f"Signature {FULL}",
        f"signature  {FULL}",
        FULL.replace('"rsa-sha256"', "rsa-sha256"),
        FULL.replace(f'"{KEY_ID}"', KEY_ID),
        FULL.replace(f'"{SIGNATURE}"', SIGNATURE),
        FULL.replace("keyId", "keyid").replace("algorithm", "Algorithm"),
        FULL.replace("host date", "  Host   DATE "),
        FULL + ',nonce="1",created=1',
        ",".join(reversed(FULL.split(","))),
    ],
)
def test_sig_07_sec_037_spellings_that_mean_the_same(text: str) -> None:
    claim, plain = parse(text), parse(FULL)
    for name in ("key_id", "algorithm", "covered", "signature"):
        assert getattr(claim, name) == getattr(plain, name)


def test_sig_07_the_authorization_header_says_the_same() -> None:
    assert parse_claim(request(("Authorization", f"Signature {FULL}"))) == parse(FULL)
    both = request(("Signature", FULL), ("Authorization", f"signature {FULL}"))
    assert parse_claim(both) == parse(FULL)
    assert parse_claim(request(("Signature", FULL), ("Authorization", "Bearer token"))) == parse(FULL)


OTHER = FULL.replace("users/1", "users/2")


@pytest.mark.parametrize(
    "headers",
    [
        [("Signature", FULL), ("Signature", FULL)],
        [("Signature", FULL), ("Signature", OTHER)],
        [("Signature", FULL), ("Authorization", f"Signature {OTHER}")],
        [("Authorization", f"Signature {FULL}"), ("Authorization", f"Signature {OTHER}")],
        [("Authorization", f"Signature {FULL}"), ("Authorization", "Bearer token")],
        [("Signature", f"{FULL},{OTHER}")],
    ],
    ids=["same twice", "two", "both fields", "two authorizations", "other authorization", "joined"],
)
def test_sec_038_two_signatures_are_ambiguous(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(SignatureMalformed):
        parse_claim(request(*headers))


@pytest.mark.parametrize(
    "headers", [[], [("Date", "x")], [("Authorization", "Bearer token")], [("Authorization", "Signature")]]
)
def test_sec_005_no_signature(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(SignatureMissing):
        parse_claim(request(*headers))


@pytest.mark.parametrize("name", ["keyId", "signature", "headers", "algorithm", "created", "KEYID"])
def test_sec_036_cav_01_a_parameter_stands_once(name: str) -> None:
    text = FULL if "created" not in name else FULL + ",created=1"
    with pytest.raises(SignatureMalformed):
        parse(f'{text},{name}="1"')


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "junk",
        FULL + ",",
        "," + FULL,
        FULL.replace(",", ",,", 1),
        FULL.replace(",", ";"),
        FULL.replace(",", " "),
        FULL + " junk",
        FULL + '"',
        FULL + '"junk',
        FULL + f'",keyId={KEY_ID}',
        FULL + "\x00",
        FULL + ",x",
        FULL + ",x=",
        FULL + ',="1"',
        FULL + ",1x=1",
        FULL + ',x="1',
        FULL + ',x=1"',
        FULL + ',x="1"2"',
        FULL + r',x="\""',
        FULL.replace("#main", r"\#main"),
        FULL.replace(KEY_ID, r"https://a.example/\""),
        FULL + ",é=1",
        "Bearer " + FULL,
    ],
)
def test_sec_037_cav_01_text_outside_of_the_grammar(text: str) -> None:
    with pytest.raises(SignatureMalformed):
        parse(text)


@pytest.mark.parametrize(
    "key_id", ["", " ", "https://a.example/ 1", "https://a.example/\u00fc", "https://a.example/\x7f", "a\tb"]
)
def test_sec_067_a_key_id_is_visible_ascii(key_id: str) -> None:
    with pytest.raises(SignatureMalformed):
        parse(FULL.replace(KEY_ID, key_id))


@pytest.mark.parametrize("name", ["keyId", "signature"])
def test_cav_01_needed_parameters(name: str) -> None:
    with pytest.raises(SignatureMalformed):
        parse(",".join(part for part in FULL.split(",") if not part.startswith(name)))


@pytest.mark.parametrize(
    ("algorithm", "covered"), [("rsa-sha256", ("date",)), ("hs2019", ("(created)",)), (None, ("date",))]
)
def test_sig_09_cav_04_without_headers_little_is_covered(algorithm: str | None, covered: tuple[str, ...]) -> None:
    named = "" if algorithm is None else f'algorithm="{algorithm}",'
    claim = parse(f'keyId="{KEY_ID}",{named}signature="{SIGNATURE}"')
    assert (claim.algorithm, claim.covered) == (algorithm, covered)


@pytest.mark.parametrize(
    "headers",
    [
        "",
        "  ",
        "date date",
        "date Date",
        "(request-target) (request-target)",
        "(method)",
        "@method",
        "date,host",
        "dat\u00e9",
    ],
)
def test_sec_035_cav_04_lists_of_headers_that_are_refused(headers: str) -> None:
    with pytest.raises(SignatureMalformed):
        parse(FULL.replace(COVERED, headers))


@pytest.mark.parametrize("algorithm", ["hs2019", "ed25519", "rsa-sha512", "rsa-sha256"])
def test_sig_08_algorithms_that_may_be_named(algorithm: str) -> None:
    assert parse(FULL.replace("rsa-sha256", algorithm)).algorithm == algorithm


@pytest.mark.parametrize(
    "algorithm",
    [
        "",
        "none",
        "hmac-sha256",
        "rsa-sha1",
        "RSA-SHA256",
        "rsa-sha256 ",
        " rsa-sha256",
        "ecdsa-sha256",
        "rsa-pss-sha512",
    ],
)
def test_sec_039_algorithms_that_are_never_accepted(algorithm: str) -> None:
    with pytest.raises(AlgorithmRefused):
        parse(FULL.replace("rsa-sha256", algorithm))


@pytest.mark.parametrize("component", ["(created)", "(expires)"])
@pytest.mark.parametrize("algorithm", ["rsa-sha256", "rsa-sha512"])
def test_sec_044_cav_03_times_do_not_go_with_rsa_names(algorithm: str, component: str) -> None:
    text = FULL.replace(COVERED, f"{COVERED} {component}") + ",created=1,expires=2"
    with pytest.raises(SignatureMalformed):
        parse(text.replace("rsa-sha256", algorithm))
    for allowed in ("hs2019", "ed25519"):
        assert component in parse(text.replace("rsa-sha256", allowed)).covered
    assert component in parse(text.replace('algorithm="rsa-sha256",', "")).covered


@pytest.mark.parametrize("value", ["1790000000", '"1790000000"'])
def test_times_in_seconds_are_read(value: str) -> None:
    claim = parse(f"{FULL},created={value},expires={value}")
    assert (claim.created_s, claim.expires_s) == (1_790_000_000, 1_790_000_000)


@pytest.mark.parametrize(
    "value",
    ['"1.5"', "1.5", "-1", "+1", '""', '" 1"', "1e9", "0x1", '"١٧٩"', '"²"', "1" + "0" * 20, "9" * 5_000, "1_0"],
)
@pytest.mark.parametrize("name", ["created", "expires"])
def test_sec_044_times_that_are_refused(name: str, value: str) -> None:
    with pytest.raises(SignatureMalformed):
        parse(f"{FULL},{name}={value}")


@pytest.mark.parametrize(
    "signature",
    ["", "%%%", "-_-_", "AAAA\n", "AA AA", "AA", "AA=", "AB==", "A" * 100_000],
    ids=["empty", "junk", "url-safe", "newline", "space", "unpadded", "half padded", "loose bits", "100 kB"],
)
def test_sec_050_signatures_that_are_refused(signature: str) -> None:
    with pytest.raises(SignatureMalformed):
        parse(FULL.replace(SIGNATURE, signature))


def with_components(count: int) -> str:
    return FULL.replace(COVERED, " ".join(f"x-{number}" for number in range(count)))


def with_parameters(count: int) -> str:
    return FULL + "".join(f",x{number}=1" for number in range(count - 4))


def with_signature(size: int) -> str:
    return FULL.replace(SIGNATURE, base64.b64encode(bytes(size)).decode())


def with_key_id(size: int) -> str:
    return FULL.replace(KEY_ID, KEY_ID.ljust(size, "x"))


def with_length(size: int) -> str:
    return FULL + ',x="' + "x" * (size - len(FULL) - 5) + '"'


@pytest.mark.parametrize(
    ("build", "limit"),
    [
        (with_components, COMPONENTS_COUNT_MAX),
        (with_parameters, PARAMETERS_COUNT_MAX),
        (with_signature, SIGNATURE_BYTES_MAX),
        (with_key_id, Limits().iri_chars_max),
        (with_length, Limits().signature_bytes_max),
    ],
    ids=["components", "parameters", "signature bytes", "key id characters", "header bytes"],
)
def test_limits_hold_at_the_limit_and_one_above(build: object, limit: int) -> None:
    assert callable(build)
    assert parse(build(limit)).key_id.startswith(KEY_ID)
    with pytest.raises(SignatureMalformed):
        parse(build(limit + 1))


def test_limits_are_arguments() -> None:
    with pytest.raises(SignatureMalformed):
        parse(FULL, Limits(signature_bytes_max=len(FULL) - 1))
    with pytest.raises(SignatureMalformed):
        parse(FULL, Limits(iri_chars_max=len(KEY_ID) - 1))


@pytest.mark.parametrize("cut", range(0, len(FULL), 3))
def test_every_beginning_of_a_header_is_refused(cut: int) -> None:
    with pytest.raises(SignatureError):
        parse(FULL[:cut])


def test_a_claim_does_not_show_its_signature() -> None:
    assert SIGNATURE not in repr(parse(FULL))


@pytest.mark.parametrize("text", ["X" + FULL, "\x0b" + FULL, FULL + "\x0c", FULL.replace(" host", "\thost")])
def test_sec_037_nothing_but_spaces_and_tabs_stands_around_it_and_spaces_within(text: str) -> None:
    with pytest.raises(SignatureMalformed):
        parse(text)


def test_a_time_of_twelve_digits_is_read() -> None:
    assert parse(FULL.replace("rsa-sha256", "hs2019") + ",created=999999999999").created_s == 999_999_999_999
