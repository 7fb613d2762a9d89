"""How the codes that are sent are drawn."""

from ostiary.factors import one_time_code


def test_codes_are_even() -> None:
    """A draw that would favour small codes is thrown away."""
    draws = iter([b"\xff\xff\xff\xff", b"\xfa\x56\xea\x00", b"\xfa\x56\xe9\xff"])

    class Chance:
        def random_bytes(self, count: int) -> bytes:
            return next(draws) if count == 4 else bytes(count)

    assert one_time_code._code(Chance()) == "99999999"  # type: ignore[arg-type]
