"""What a request costs."""

from __future__ import annotations

import pytest

from processors.service.cost import TOKEN_PRICES, sound_usd, token_price, tokens_usd


@pytest.mark.parametrize(
    ("sent", "answered", "price", "usd"),
    [
        (1_000_000, 0, (0.4, 1.6), 0.4), (0, 1_000_000, (0.4, 1.6), 1.6), (934, 130, (0.4, 1.6), 0.000582),
        (5, 5, (0, 0), 0),
    ],
)  # fmt: skip
def test_tokens(sent: int, answered: int, price: tuple[float, float], usd: float) -> None:
    assert tokens_usd(sent, answered, price) == usd


def test_a_setting_overrides_the_table_and_others_are_not_known() -> None:
    assert token_price("gpt-4.1-mini", {}) == (0.4, 1.6)
    assert token_price("gpt-4.1-mini", {"gpt-4.1-mini": (1.0, 2.0)}) == (1.0, 2.0)
    assert token_price("mine", {}) is None
    assert all(price.as_of and price.source for price in TOKEN_PRICES.values())


def test_sound_is_counted_by_started_seconds() -> None:
    assert sound_usd(1.2, 0.006) == 0.0002
