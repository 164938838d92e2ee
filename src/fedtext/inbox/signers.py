"""Who signed a request: of the signatures that it has, the first that holds.

A request may carry up to four signatures under RFC 9421. Each is judged by itself, and what counts is the identity of
the one that verified; what another label says proves nothing (SEC-055). Cheap judgements come first, for all of them,
so that what can never count causes no fetch.

Sources: RFC 9421 section 3.2; SEC-050 to SEC-055, SEC-069, SEC-070; SIG-20.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import attrs

from ..errors import (
    AlgorithmRefused,
    FetchError,
    Gone,
    PolicyRefusal,
    RemoteProtocolError,
    SignatureMismatch,
    SignatureMissing,
)
from ..fetch import Budget, Fetcher, admit_key_id, resolve
from ..http import Request
from ..signatures import SignatureClaim, VerifiedRequest, check_claim, verify


@attrs.frozen
class Departed:
    """In place of a verified request: the host of the key says that its owner is gone (410)."""

    claim: SignatureClaim


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Gatekeeper:
    """All that is needed to find out who signed.

    Args:
        fetcher: The one way out, and the settings.
        authorities: Hosts that are served here.
        refuse: Policy by IRI; raises `PolicyRefusal`.
    """

    fetcher: Fetcher
    authorities: Collection[str]
    refuse: Callable[[str], None]

    def admit(self, claims: tuple[SignatureClaim, ...]) -> tuple[SignatureClaim, ...]:
        """Keep the signatures whose keys may be asked for at all.

        Raises:
            KeyRefused: None may: the reason of the first.
            PolicyRefusal: See there.
        """

        def judge(claim: SignatureClaim) -> None:
            admit_key_id(self.fetcher, claim.key_id)
            self.refuse(claim.key_id)

        return _kept(claims, judge)

    def check(self, request: Request, claims: tuple[SignatureClaim, ...]) -> tuple[SignatureClaim, ...]:
        """Keep the signatures that hold as far as can be seen without their keys: coverage, host, time, digest.

        Raises:
            SignatureError: None does: the reason of the first.
            HostRefused: See there.
        """

        def judge(claim: SignatureClaim) -> None:
            config, now_s = self.fetcher.config, self.fetcher.ports.clock.now_s()
            check_claim(request, claim, now_s=now_s, authorities=self.authorities, policy=config.signatures)

        return _kept(claims, judge)

    async def verify(
        self, request: Request, claims: tuple[SignatureClaim, ...], budget: Budget
    ) -> VerifiedRequest | Departed:
        """Give evidence of the first signature that holds.

        Args:
            request: As received.
            claims: From `check`; at least one.
            budget: Of this request; the keys of all signatures are fetched from it.

        Returns:
            Evidence; or, where none holds and the host of a key says that its owner is gone, that.

        Raises:
            SignatureError: None holds: the reason of the first.
            FetchError: A key could not be asked for.
            PolicyRefusal: Its signer is refused.
        """
        departed: Departed | None = None
        refusal: RemoteProtocolError | FetchError | PolicyRefusal | None = None
        for claim in claims:
            try:
                return await self._verify_one(request, claim, budget)
            except Gone:
                departed = departed or Departed(claim)
            except (RemoteProtocolError, FetchError, PolicyRefusal) as error:
                refusal = refusal or error
        if departed is not None:
            return departed
        raise refusal or SignatureMissing("the request is not signed")

    async def _verify_one(self, request: Request, claim: SignatureClaim, budget: Budget) -> VerifiedRequest:
        """Verify with the key as known; once more with a fresh one if that fails (SIG-20, SEC-069)."""
        now_s, policy = self.fetcher.ports.clock.now_s(), self.fetcher.config.signatures
        key = await resolve(self.fetcher, claim.key_id, budget)
        try:
            verified = verify(request, claim, key, now_s=now_s, authorities=self.authorities, policy=policy)
        except (SignatureMismatch, AlgorithmRefused):
            fresh = await resolve(self.fetcher, claim.key_id, budget, refresh=True)
            if fresh.public.fingerprint == key.public.fingerprint:
                raise
            verified = verify(request, claim, fresh, now_s=now_s, authorities=self.authorities, policy=policy)
        self.refuse(verified.signer)
        return verified


def _kept(claims: tuple[SignatureClaim, ...], judge: Callable[[SignatureClaim], None]) -> tuple[SignatureClaim, ...]:
    """Keep the signatures that pass a judgement; where none does, the first refusal counts."""
    if len(claims) == 1:  # nearly always
        judge(claims[0])
        return claims
    kept: list[SignatureClaim] = []
    refusal: RemoteProtocolError | PolicyRefusal | None = None
    for claim in claims:
        try:
            judge(claim)
        except (RemoteProtocolError, PolicyRefusal) as error:
            refusal = refusal or error
        else:
            kept.append(claim)
    if not kept and refusal is not None:
        raise refusal
    return tuple(kept)
