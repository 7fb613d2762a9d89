"""Laws of refresh families, for every sequence of uses."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.core.grant import GRANT
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Listing
from tests.oidc.conftest import Provider, good

# What a client, or a thief, does next: the newest token, one that was spent so many uses ago, a guess.
# A number: so many requests with the newest one at once.
STEPS = st.lists(
    st.sampled_from(["newest", "newest", "newest", "spent", "oldest", "guess"]) | st.integers(2, 50),
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
async def test_a_family_never_forks(steps: list[str | int]) -> None:
    """One token is live until a spent one comes back; requests at once get one successor, and guesses change nothing."""
    provider = Provider(MemoryStore())
    await provider.furnish()
    tokens = [(await provider.login())["refresh_token"]]
    is_ended = False
    for step in steps:
        provider.effects.later(seconds=1)
        if isinstance(step, int):
            told = await asyncio.gather(*(provider.refresh(tokens[-1]) for _ in range(step)))
            assert {one.status for one in told} == {400 if is_ended else 200}
            successors = {good(one)["refresh_token"] for one in told if one.status == 200}
            assert len(successors) == (0 if is_ended else 1)
            tokens += successors
            continue
        chosen = {
            "newest": tokens[-1],
            "spent": tokens[max(0, len(tokens) - 2)],
            "oldest": tokens[0],
            "guess": tokens[-1][:-12] + "A" * 12,
        }[step]
        answer = await provider.refresh(chosen)
        is_live = chosen == tokens[-1] and not is_ended
        assert (answer.status == 200) == is_live
        if is_live:
            tokens.append(good(answer)["refresh_token"])
        elif step != "guess":
            is_ended = True
    assert (await provider.store.page(Listing(GRANT))).total == (0 if is_ended else 1)
    provider.pool.close()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sampled_from(["right", "32 at once", "wrong verifier", "wrong client", "late"]),
        min_size=1,
        max_size=5,
    )
)
async def test_a_code_gives_tokens_at_most_once(steps: list[str]) -> None:
    """Whatever is tried with it, in whatever order."""
    provider = Provider(MemoryStore())
    await provider.furnish()
    code, given_out, late = await provider.code_for(), 0, False
    for step in steps:
        if step == "32 at once":
            told = await asyncio.gather(*(provider.redeem(code) for _ in range(32)))
            given_out += sum(one.status == 200 for one in told)
            continue
        if step == "late":
            provider.effects.later(seconds=31)
            late = True
        form = {"code_verifier": "w" * 64} if step == "wrong verifier" else {}
        if step == "wrong client":
            known = {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": "http://localhost:9999/cb",
            }
            answer = await provider.token(client="other", **known)
        else:
            answer = await provider.redeem(code, **form)
        given_out += answer.status == 200
        assert not (answer.status == 200 and (late or step.startswith("wrong")))
    assert given_out <= 1
    provider.pool.close()
