from datetime import datetime, timedelta

import pytest
from jose.backends.cryptography_backend import CryptographyECKey
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.tokens import InvalidTokenError, KeyRing
from services.contracts.identity import Microservice, Role
from services.gateway.authentication import AccessTokens
from services.gateway.cache import ExpiringCache
from services.gateway.ended import EndedTokens
from services.gateway.issuing import TokenIssuer
from tests.conftest import FRIDAY
from tests.support.tokens import ISSUER, Tokens, new_key, principal


class HandClock(Clock):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.instant = FRIDAY

    @override
    def now(self) -> datetime:
        return self.instant

    def forward(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@pytest.fixture
def hand() -> HandClock:
    return HandClock()


class CountedKeys(KeyRing):
    """Counts how often a key is looked up, which is once a verification."""

    lookups = 0

    @override
    def public_key(self, key_id: str) -> CryptographyECKey | None:
        self.lookups += 1
        return super().public_key(key_id)


def test_a_verified_token_is_believed_for_thirty_seconds_and_then_verified_again(hand: HandClock) -> None:
    keys = CountedKeys((new_key(),))
    token = Tokens(keys, hand).access(principal(Role.NURSE, organization=None))
    access = AccessTokens(keys, EndedTokens(), issuer=ISSUER, clock=hand)

    lookups = []
    for _ in range(4):
        access.verify(token)
        lookups.append(keys.lookups)
        hand.forward(15)

    assert lookups == [1, 1, 2, 2]


def test_a_remembered_token_still_expires_on_the_second(hand: HandClock) -> None:
    keys = KeyRing((new_key(),))
    token = Tokens(keys, hand).access(principal(Role.NURSE, organization=None))
    access = AccessTokens(keys, EndedTokens(), issuer=ISSUER, clock=hand)

    hand.forward(900 - 1)
    access.verify(token)
    hand.forward(1)

    with pytest.raises(InvalidTokenError):
        access.verify(token)


def test_a_minted_token_is_used_again_for_half_its_life(hand: HandClock) -> None:
    tokens = Tokens(KeyRing((new_key(),)), hand)
    issuer = TokenIssuer(tokens._signer, hand)
    caller = principal(Role.NURSE, organization=None)

    first = issuer.internal_token_for("access", caller, Microservice.RECORDS)
    hand.forward(29)
    second = issuer.internal_token_for("access", caller, Microservice.RECORDS)
    hand.forward(1)
    third = issuer.internal_token_for("access", caller, Microservice.RECORDS)

    assert first == second != third


def test_a_full_cache_forgets_what_was_unused_for_longest(hand: HandClock) -> None:
    cache: ExpiringCache[str, int] = ExpiringCache(hand, limit=2)
    later = hand.now().timestamp() + 1

    cache.put("a", 1, until=later)
    cache.put("b", 2, until=later)
    cache.get("a")
    cache.put("c", 3, until=later)

    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
