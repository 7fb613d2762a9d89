"""The first answers, while the rest of the server is still loaded."""

from concurrent.futures import ThreadPoolExecutor

from tests.cli.conftest import Start


def test_nobody_is_refused_while_loading(start: Start) -> None:
    """From the first moment on every service answers, at worst a little later."""
    serving = start()
    asked = (
        ("GET", "/v2/sessions/1", 404),
        ("GET", "/v2/settings", 200),
        ("POST", "/v2/users", 200),
        ("GET", "/.well-known/openid-configuration", 200),
        ("GET", "/nowhere", 404),
    )
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = pool.map(lambda one: serving.ask(one[0], one[1], {}, token=serving.admin)[0], asked)
        assert list(answers) == [status for _, _, status in asked]
    assert serving.ask("GET", "/v2/sessions/1", token="eyJhbGciOiJFUzI1NiJ9.e30.AA")[0] == 401
    assert serving.stop() == 0
