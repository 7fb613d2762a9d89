"""Laws of refresh families, for every sequence of uses."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.core.grant import GRANT
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Listing
from tests.oidc.conftest import Provider, good

# What a client, or a thief, does next: the newest token, one that was spent so many uses ago, a guess.
STEPS = st.lists(st.sampled_from(["newest", "newest", "newest", "spent", "oldest", "guess"]), max_size=8)


@settings(max_examples=25, deadline=None)
@given(STEPS)
async def test_a_family_never_forks(steps: list[str]) -> None:
    """One token is live until a spent one comes back; then none ever is again. A guess changes nothing."""
    provider = Provider(MemoryStore())
    await provider.furnish()
    tokens = [(await provider.login())["refresh_token"]]
    is_ended = False
    for step in steps:
        provider.effects.later(seconds=1)
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
@given(st.lists(st.sampled_from(["right", "wrong verifier", "wrong client", "late"]), min_size=1, max_size=5))
async def test_a_code_gives_tokens_at_most_once(steps: list[str]) -> None:
    """Whatever is tried with it, in whatever order."""
    provider = Provider(MemoryStore())
    await provider.furnish()
    code, given_out, late = await provider.code_for(), 0, False
    for step in steps:
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
