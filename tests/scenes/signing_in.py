"""Signing in."""

from typing import Final

from tests.scenes.stage import Stage


async def login_name(stage: Stage) -> None:
    """An application asks."""
    await stage.open(stage.authorization())


async def login_password(stage: Stage) -> None:
    """The name was typed."""
    person = stage.person()
    await stage.open(stage.authorization())
    await stage.fill(login_name=person.name)


async def login_wrong(stage: Stage) -> None:
    """The password was wrong."""
    await login_password(stage)
    await stage.fill(password="Wrong-horse-1!")


async def login_app_code(stage: Stage) -> None:
    """The authenticator app's turn."""
    person = stage.person(app=True)
    await stage.open(stage.authorization())
    await stage.fill(login_name=person.name)
    await stage.fill(password=stage.password)


async def login_choose(stage: Stage) -> None:
    """Two people are signed in on this browser."""
    for _ in range(2):
        await stage.sign_in(stage.person(), stage.url("/ui/v2/login/login", another="1"))
    await stage.open(stage.authorization(prompt="select_account"))


async def login_home(stage: Stage) -> None:
    """Signed in, for nobody's sake."""
    await stage.sign_in(stage.person())


async def login_stuck(stage: Stage) -> None:
    """More is asked than any account can have."""
    person = stage.person()
    await stage.sign_in(person)
    await stage.open(stage.authorization(acr_values="unknown"))


async def login_consent(stage: Stage) -> None:
    """The application asks for consent."""
    await stage.sign_in(stage.person(), stage.authorization(prompt="consent"))


async def login_unknown(stage: Stage) -> None:
    """The request has expired."""
    await stage.open(stage.url("/ui/v2/login/login", authRequest="V2_1"))


async def login_client_mistake(stage: Stage) -> None:
    """The application is not known."""
    await stage.open(stage.authorization(client_id="nobody"))


SCENES: Final = (
    login_name,
    login_password,
    login_wrong,
    login_app_code,
    login_choose,
    login_home,
    login_stuck,
    login_consent,
    login_unknown,
    login_client_mistake,
)
