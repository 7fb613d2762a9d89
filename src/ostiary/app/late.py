"""What is loaded in a thread, once, while the loop goes on."""

import asyncio
import gc
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

GivenP = ParamSpec("GivenP")
ValueT = TypeVar("ValueT")


class Late(Generic[GivenP, ValueT]):
    """A value that is made when somebody begins it; None until then."""

    def __init__(self, make: Callable[GivenP, ValueT], on_fatal: Callable[[BaseException], None]) -> None:
        """``make`` runs in a thread; when it fails the server cannot go on."""
        self.value: ValueT | None = None
        self._make = make
        self._on_fatal = on_fatal
        self._making: asyncio.Task[ValueT] | None = None

    def begin(self, *given: GivenP.args, **named: GivenP.kwargs) -> asyncio.Task[ValueT]:
        """Have it made of what is given, if nobody has yet."""
        self._making = self._making or asyncio.create_task(self._made(*given, **named))
        return self._making

    async def made(self, *given: GivenP.args, **named: GivenP.kwargs) -> ValueT:
        """The value; who goes away does not stop the others from having it."""
        return await asyncio.shield(self.begin(*given, **named))

    async def _made(self, *given: GivenP.args, **named: GivenP.kwargs) -> ValueT:
        try:
            self.value = await asyncio.to_thread(self._make, *given, **named)
        except Exception as error:
            self._on_fatal(error)
            raise
        gc.freeze()  # what is loaded stays: garbage is what comes from here on
        gc.enable()
        return self.value
