"""Which addresses are reached, and how a fetch ends that is led astray."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.transports.guard import AddressGuard
from fedtext.config import Limits
from fedtext.errors import (
    BodyTooLarge,
    BudgetExhausted,
    FedtextError,
    FetchRefused,
    FetchTimeout,
    Unreachable,
    WrongMediaType,
)
from fedtext.fetch import fetch_document
from fedtext.http import Request
from fedtext.sync import run_sync
from fedtext.wire.ip_addresses import is_public
from fedtext.wire.iri import parse_url

from ..cases import Case, NotYet, Overrides, listed, own_case, wanted
from ..scripted import Answer, NotScripted, ScriptedTransport, fetcher_over, resolver

# Which words of the cases an error code of the library can stand for.
_WORDS: Final = {
    FetchRefused.code: {"address", "scheme", "port", "redirect", "origin", "id"},
    Unreachable.code: {"address"},
    BodyTooLarge.code: {"size"},
    WrongMediaType.code: {"media_type", "encoding"},
    FetchTimeout.code: {"timeout"},
    BudgetExhausted.code: {"timeout", "redirect"},
}


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of the three files."""
    for case, _ in listed(folder, "url-policy.json"):
        yield own_case("url-policy.json", case, wanted(case), lambda case=case: _admit(case["url"]), refused="deny")
    for case, _ in listed(folder, "addresses.json"):
        yield own_case("addresses.json", case, wanted(case), lambda case=case: _judge(case["address"]), refused="deny")
    for case, _ in listed(folder, "fetch-scenarios.json"):
        yield own_case(
            "fetch-scenarios.json",
            case,
            wanted(case),
            lambda case=case: _fetch(case),
            same=_ends_so,
            refusal=all(want["outcome"] == "refused" for want in wanted(case)),
        )


def _admit(url: str) -> str:
    """Read all of it, and let through what of it is asked for."""
    AddressGuard().admit_url(str(parse_url(url)).partition("#")[0])
    return "allow"


def _judge(address: str) -> str:
    return "allow" if is_public(address) else "deny"


def _fetch(case: dict[str, Any]) -> dict[str, Any]:
    """Play one scenario; every request of it must end in the same way, so the last one is judged."""
    if case["policy"] != "default":
        raise NotYet(case["policy"])
    given = case["limits"]
    limits = Limits(
        exchange_s_max=given["total_s"], inbox_s_max=given["total_s"], document_bytes_max=given["body_bytes_max"]
    )
    transport = ScriptedTransport(
        clock=ManualClock(), answer=_script(case["responses"]), resolve=resolver(case["dns"]), limits=limits
    )
    fetcher = fetcher_over(transport, limits)
    ended: dict[str, Any] = {}
    for request in case["requests"]:
        if request["function"] != "fetch_document":
            raise NotYet(request["function"])
        try:
            document = run_sync(fetch_document(fetcher, request["url"], fetcher.budget()))
            ended = {"outcome": "fetched", "document_id": document.get("id"), "content": document.get("content")}
        except FedtextError as error:
            ended = {"outcome": "refused", "reasons": _WORDS.get(error.code, {error.code})}
    reached = sorted(set(transport.connected) & set(case.get("never_connect", ())))
    return {
        **ended,
        "reached": reached,
        "connections": len(transport.connected),
        "elapsed_s": transport.clock.monotonic_s(),
        "bytes_read": transport.read_bytes,
    }


def _script(responses: list[dict[str, Any]]) -> Any:
    def answer(request: Request) -> Answer:
        found = next((response for response in responses if response["for"] == request.url), None)
        if found is None:
            raise NotScripted(request.url)
        headers = [(name, value) for name, value in found["headers"]]
        return Answer(status=found["status"], headers=headers, body=found["body"])

    return answer


def _ends_so(want: dict[str, Any], got: dict[str, Any]) -> bool:
    bounds = {"connections_max": "connections", "elapsed_s_max": "elapsed_s", "bytes_read_max": "bytes_read"}
    return (
        got["outcome"] == want["outcome"]
        and not got["reached"]
        and ("reason_any" not in want or bool(got["reasons"] & set(want["reason_any"])))
        and all(got[name] == want[name] for name in ("document_id", "content") if name in want)
        and all(got[name] <= want[bound] for bound, name in bounds.items() if bound in want)
    )
