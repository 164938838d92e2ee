"""What is asked of every signature, whatever its scheme: that it was meant for this host, and that it is fresh.

Invariants: nothing here needs a key; the window is one past and one future allowance around the caller's now; a
signature counts only on a host that is served here, however its bytes verify.

Sources: SEC-010, SEC-012, SEC-013, SEC-044, SEC-045, SEC-058; SIG-11, SIG-14; CAV-02; HMS-15.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..config import SignaturePolicy
from ..errors import HostRefused, SignatureExpired, SignatureMalformed
from ..http import Request
from .components import normalized_authority

BODILESS_METHODS = ("GET", "HEAD")


def needs_digest(request: Request) -> bool:
    """Tell whether a signature has to cover the digest of the body: there is one, or the method is one that has it."""
    return bool(request.body) or request.method not in BODILESS_METHODS


def single(request: Request, name: str) -> str | None:
    """Give the one value of a header, or None; a second one would mean that two readers see two requests.

    Args:
        request: As received.
        name: Of the header.

    Raises:
        SignatureMalformed: It stands twice (SEC-012, SEC-013).
    """
    value = request.headers.get_only(name)
    if value is None and name in request.headers:
        raise SignatureMalformed("a header stands twice", header=name)
    return None if value is None else value.strip(" \t")


def check_host(request: Request, authorities: Collection[str]) -> None:
    """Let a signature count only where it was meant for (SEC-010): the signed host must be true, and one of ours.

    Args:
        request: As received.
        authorities: Hosts that are served here, lower case, each with its port unless that is the default one.

    Raises:
        SignatureMalformed: The Host header stands twice, or is not the host of the request.
        HostRefused: That is not served here.
    """
    # HTTP/2 carries the host outside of the fields.
    authority, host = request.authority, single(request, "host")
    if (host is None or host == authority) and authority in authorities and request.target[:1] == "/":
        return
    if host is not None and host != authority and host.lower() != authority.lower():
        raise SignatureMalformed("the signed host is not the host of the request", host=host)
    if normalized_authority(request) not in authorities:
        raise HostRefused("the signed host is not served here", host=authority)


def check_window(
    signed_s: Iterable[int], *, created_s: int | None, expires_s: int | None, now_s: float, policy: SignaturePolicy
) -> None:
    """Check every time that a signature has (SEC-044, SEC-045).

    Args:
        signed_s: Times that are covered by the signature (seconds since the epoch).
        created_s: As given, covered or not.
        expires_s: As given, covered or not.
        now_s: Seconds since the epoch.
        policy: How far a covered time may lie from now.

    Raises:
        SignatureExpired: It is too old, too new, or past its own end.
    """
    for time_s in signed_s:
        if not now_s - policy.past_s_max <= time_s <= now_s + policy.future_s_max:
            raise SignatureExpired("the signature is too old or too new", signed_s=time_s, now_s=int(now_s))
    # These two count even when they are not signed: taking them away could only have made it look fresher.
    if created_s is not None and created_s > now_s + policy.future_s_max:
        raise SignatureExpired("the signature is from the future", created_s=created_s, now_s=int(now_s))
    if expires_s is not None and expires_s < now_s:
        raise SignatureExpired("the signature has expired", expires_s=expires_s, now_s=int(now_s))
