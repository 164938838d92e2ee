"""Origin-based security: who may say what about whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from fedtext.adapters.clocks import ManualClock
from fedtext.config import Scheme
from fedtext.errors import FedtextError
from fedtext.fetch import KeyUse, get_object
from fedtext.fetch import resolve as resolve_key
from fedtext.http import Request
from fedtext.inbox import authenticate
from fedtext.jsonld import normalize
from fedtext.keys import PrivateKey, VerificationKey, generate_ed25519
from fedtext.signatures import VerifiedDocument, VerifiedRequest, check_owner
from fedtext.sync import run_sync
from fedtext.wire.iri import origin_of
from fedtext.wire.portable_ids import is_portable, portable_origin

from ..cases import Case, NotYet, Overrides, library, listed, own_case, wanted
from ..scripted import SITE, Answer, ScriptedTransport, fetcher_over, serving

_FILE: Final = "fep-fe34.json"
Given = Mapping[str, Any]


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases; each names the function that it asks."""
    for case, _ in listed(folder, _FILE):
        yield own_case(
            _FILE,
            case,
            wanted(case),
            lambda case=case: FUNCTIONS.get(case["function"], _unknown)(case["given"]),
            refused={"verdict": "refuse"},
            same=_has_all,
        )


def _has_all(want: Given, got: Given) -> bool:
    return all(name in got and got[name] == value for name, value in want.items())


def _unknown(_given: Given) -> Given:
    raise NotYet


def _same_origin(given: Given) -> Given:
    try:
        return {"same_origin": _origin(given["a"]) == _origin(given["b"])}
    except FedtextError:
        return {"same_origin": False}


def _origin(iri: str) -> str:
    return portable_origin(iri) if is_portable(iri) else origin_of(iri)


@cache
def _key() -> PrivateKey:
    return generate_ed25519()


def _authenticate(given: Given) -> Given:
    """Hand an activity in with what its signature proves; all that may be fetched is what we hold already."""
    stored, activity, signer = given.get("stored"), given["activity"], given["signer"]
    holds = {} if stored is None else {stored["id"]: stored}
    transport = ScriptedTransport(clock=ManualClock(), answer=serving(holds))
    fetcher = fetcher_over(transport)
    if stored is not None:
        run_sync(get_object(fetcher, stored["id"], fetcher.budget()))
    transport.answer, transport.asked = serving({}), []
    key = VerificationKey(key_id=f"{signer}#main-key", owner=signer, public=_key().public)
    verified = VerifiedRequest(
        request=Request.to(f"{SITE}/inbox", method="POST"),
        key=key,
        covered=("(request-target)", "host", "date", "digest"),
        created_s=int(transport.clock.now_s()),
        expires_s=None,
        scheme=Scheme.CAVAGE,
    )
    try:
        authentic = run_sync(
            authenticate(verified, normalize(activity), _proved(given), fetcher=fetcher, budget=fetcher.budget())
        )
    except FedtextError:
        return {"verdict": "fetch" if activity.get("id") in transport.asked else "refuse"}
    handed_on = authentic.document.get("object")
    is_whole = isinstance(handed_on, dict)
    return {
        "verdict": "accept",
        "object_trusted": is_whole,
        "attributedTo": handed_on.get("attributedTo") if isinstance(handed_on, dict) else None,
    }


def _proved(given: Given) -> VerifiedDocument | None:
    """Give the evidence of a proof that is verified already; the case names its key or whose it is.

    As in the inbox, a proof that is not the owner's refuses whatever else holds.
    """
    proof = given.get("proof")
    if not proof:
        return None
    named = proof if isinstance(proof, Mapping) else {"verificationMethod": proof}
    method = str(named.get("verificationMethod", named.get("keyId", given["activity"]["actor"])))
    owner = str(named.get("controller", named.get("owner", named.get("signer", method.partition("#")[0]))))
    verified = VerifiedDocument(
        document=given["activity"],
        key=VerificationKey(key_id=method, owner=owner, public=_key().public),
        suites=("eddsa-jcs-2022",),
        created_s=ManualClock().now_s(),
        expires_s=None,
    )
    check_owner(verified)
    return verified


def _key_owner(given: Given) -> Given:
    """Resolve a key whose actor, and whose own document where it has one, are served as the case gives them."""
    use = KeyUse.REQUEST if given["use"] == "http-signature" else KeyUse.ASSERTION
    pem = {"publicKeyPem": _key().public.pem}
    key, actor = {**given["key"], **pem}, dict(given["actor"])
    address = key["id"].partition("#")[0]
    listed = "publicKey" if use is KeyUse.REQUEST else "assertionMethod"
    actor.setdefault(listed, [key] if address == actor["id"] else [])
    for name in ("publicKey", "assertionMethod"):
        claims = actor.get(name, [])
        claims = claims if isinstance(claims, list) else [claims]
        actor[name] = [{**claim, **pem} if isinstance(claim, dict) else claim for claim in claims]
    served = {
        actor["id"]: {"type": "Person", "inbox": f"{actor['id']}/inbox", "outbox": f"{actor['id']}/outbox", **actor}
    }
    if address != actor["id"]:
        served[address] = {"type": "Key", **key}
    fetcher = fetcher_over(ScriptedTransport(clock=ManualClock(), answer=serving(served)))
    found = run_sync(resolve_key(fetcher, key["id"], fetcher.budget(), use=use))
    return {"verdict": "accept" if found.owner == actor["id"] else "refuse"}


def _fetched(given: Given) -> Given:
    """Fetch an address that leads to another one, or to a document; nothing else is there.

    The document counts where it ends up, so that the address may be of another origin than its id.
    """
    requested, location = given["requested"], given["location"]
    media_type = given.get("content_type", "application/activity+json")
    served: dict[str, Any] = {location: given["object"]}
    if location != requested:
        served[requested] = Answer(status=302, headers=[("location", location)])
    transport = ScriptedTransport(clock=ManualClock(), answer=serving(served, media_type))
    fetcher = fetcher_over(transport)
    try:
        run_sync(get_object(fetcher, requested, fetcher.budget(), elsewhere=True))
    except FedtextError:
        return {"verdict": "refuse" if set(transport.asked) <= {requested, location} else "fetch"}
    return {"verdict": "accept"}


def _domain_policy(given: Given) -> Given:
    is_blocked = library("fedtext.inbox", "is_blocked")
    return {"blocked": is_blocked(given["url"], given["blocked"])}


FUNCTIONS: Final[Mapping[str, Callable[[Given], Given]]] = {
    "same_origin": _same_origin,
    "authenticate": _authenticate,
    "key_owner": _key_owner,
    "fetched": _fetched,
    "domain_policy": _domain_policy,
}
