"""What an answer, or none, means for a delivery."""

from __future__ import annotations

import pytest

from fedtext.delivery import Delivered, Drop, Retry, classify_error, classify_response, is_final
from fedtext.errors import (
    BodyTooLarge,
    BudgetExhausted,
    FetchRefused,
    FetchTimeout,
    Gone,
    HTTPStatusError,
    MalformedJSON,
    PolicyRefusal,
    TypeMismatch,
    Unreachable,
    WrongMediaType,
)
from fedtext.http import Headers, Response

NOW_S = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT
DAY_S = 86_400


def judge(status: int, *headers: tuple[str, str]):
    response = Response(status=status, headers=Headers.build(headers))
    return classify_response(response, now_s=NOW_S, retry_after_s_max=DAY_S)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_dlv_03_every_2xx_is_success(status):
    assert judge(status) == Delivered(status=status)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 409, 413, 415, 421, 422, 424, 451, 501])
def test_dlv_04_other_4xx_and_501_are_final(status):
    assert judge(status) == Drop(reason=f"status {status}", status=status)


def test_dlv_04_410_says_that_the_recipient_is_gone():
    assert judge(410) == Drop(reason="status 410", status=410)


@pytest.mark.parametrize(
    ("status", "gone", "absent"), [(410, True, True), (404, False, True), (403, False, False), (None, False, False)]
)
def test_dlv_04_who_is_no_more_and_who_is_not_there(status, gone, absent):
    dropped = Drop(reason="x", status=status)
    assert (dropped.gone, dropped.absent) == (gone, absent)


@pytest.mark.parametrize(("status", "kind"), [(403, Retry), (404, Drop), (410, Drop), (451, Drop)])
def test_dlv_04_403_is_worth_a_retry_by_policy(status, kind):
    outcome = classify_response(Response(status=status), now_s=NOW_S, retry_after_s_max=DAY_S, retries_forbidden=True)
    assert isinstance(outcome, kind)
    assert outcome.status == status


@pytest.mark.parametrize("status", [100, 300, 301, 302, 303, 304, 307, 308])
def test_dlv_13_sec_146_a_redirect_is_final(status):
    assert judge(status, ("location", "https://elsewhere.example.org/inbox")) == Drop(
        reason=f"status {status}", status=status
    )


@pytest.mark.parametrize(
    ("status", "host_failed", "unauthorized"),
    [(401, False, True), (408, False, False), (425, False, False), (429, True, False), (500, True, False)]
    + [(status, True, False) for status in (502, 503, 504, 520, 599)],
)
def test_dlv_04_dlv_05_what_is_worth_a_retry(status, host_failed, unauthorized):
    expected = Retry(reason=f"status {status}", status=status, host_failed=host_failed, unauthorized=unauthorized)
    assert judge(status) == expected


@pytest.mark.parametrize(
    ("value", "after_s"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("Sun, 06 Nov 1994 08:59:37 GMT", 600.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("Sun, 06 Nov 2094 08:00:00 GMT", DAY_S),
        ("86401", DAY_S),
        ("1" + "0" * 300, DAY_S),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("١٢٠", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_dlv_07_sec_118_retry_after_is_read_and_clamped(status, value, after_s):
    outcome = judge(status, ("retry-after", value))
    assert isinstance(outcome, Retry)
    assert outcome.after_s == after_s


def test_no_retry_after_is_no_wish():
    assert judge(503) == Retry(reason="status 503", status=503, host_failed=True)


@pytest.mark.parametrize("error", [Unreachable(), FetchTimeout(), BodyTooLarge(), WrongMediaType()])
def test_an_exchange_without_an_answer_is_the_host_s_fault(error):
    assert classify_error(error) == Retry(reason=error.code, host_failed=True)


def test_sec_145_an_address_that_may_not_be_reached_is_final():
    assert classify_error(FetchRefused()) == Drop(reason="fetch.refused")


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (Gone(), True),
        (FetchRefused(), True),
        (TypeMismatch(), True),
        (MalformedJSON(), True),
        (PolicyRefusal(), True),
        (HTTPStatusError(status=404), True),
        (HTTPStatusError(status=400), True),
        (HTTPStatusError(status=401), False),
        (HTTPStatusError(status=403), False),
        (HTTPStatusError(status=429), False),
        (HTTPStatusError(status=500), False),
        (HTTPStatusError(status=302), False),
        (HTTPStatusError("it was not to be had a moment ago"), False),
        (Unreachable(), False),
        (FetchTimeout(), False),
        (BudgetExhausted(), False),
        (WrongMediaType(), False),
    ],
)
def test_what_is_final_when_somebody_is_looked_for(error, final):
    assert is_final(error) is final
