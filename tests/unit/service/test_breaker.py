from __future__ import annotations

from processors.service.breaker import FAILURES, OPEN_S, Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def opened() -> tuple[Breaker, Clock]:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.blocked_s() == 0
        breaker.failed("down")
    return breaker, clock


def test_failures_in_a_row_open_it() -> None:
    breaker, clock = opened()
    assert (breaker.state, breaker.blocked_s(), breaker.reason) == ("open", OPEN_S, "down")
    clock.now = OPEN_S - 1
    assert breaker.blocked_s() == 1


def test_a_success_between_them_does_not() -> None:
    breaker = Breaker(Clock())
    for _ in range(3):
        for _ in range(FAILURES - 1):
            breaker.failed("down")
        breaker.succeeded()
    assert breaker.state == "closed"


def test_half_open_lets_one_through_and_closes_when_it_succeeds() -> None:
    breaker, clock = opened()
    clock.now = OPEN_S
    assert breaker.state == "half-open"
    assert breaker.blocked_s() == 0
    assert breaker.blocked_s() > 0, "only one, until its outcome is known"
    breaker.succeeded()
    assert (breaker.state, breaker.blocked_s()) == ("closed", 0)


def test_half_open_opens_again_with_one_failure() -> None:
    breaker, clock = opened()
    clock.now = OPEN_S
    breaker.blocked_s()
    breaker.failed("still down")
    assert (breaker.state, breaker.reason) == ("open", "still down")
    clock.now = 2 * OPEN_S
    assert breaker.blocked_s() == 0


def test_what_will_not_pass_opens_it_at_once() -> None:
    breaker = Breaker(Clock())
    breaker.failed("wrong key", at_once=True)
    assert breaker.state == "open"
