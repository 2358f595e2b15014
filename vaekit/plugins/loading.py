"""One plugin from its import to its parts, or to what is wrong with it."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from vaekit.errors import PluginError
from vaekit.hookspecs import Register
from vaekit.plugins.bounded import TimedOut, call_bounded
from vaekit.plugins.contract import STATEMENT, call_hooks, check_api_version
from vaekit.registry import Component, Kind
from vaekit.types import Factory


@dataclass(frozen=True)
class Offers:
    """The parts that one plugin has offered so far.

    source: the file or the like that they come from, where no distribution says it.
    """

    distribution: str
    version: str
    source: str = ""
    parts: list[Component] = field(default_factory=list)

    def take(self, kind: str, name: str, factory: Factory | str, summary: str) -> None:
        """Note one more part."""
        self.parts.append(
            Component(kind, name, summary, factory, self.distribution, self.version, self.source)
        )

    def registrar(self, kind: Kind) -> Register:
        """What a hook of this kind is given."""

        def register(name: str, factory: Factory | str, *, summary: str = "") -> None:
            self.take(kind.name, name, factory, summary)

        return register


_loading: ContextVar[Offers | None] = ContextVar("loading", default=None)


def being_loaded() -> Offers | None:
    """What is offered by the plugin whose code is calling; None outside of a plugin's load."""
    return _loading.get()


def load(
    get: Callable[[], object], module: str, offers: Offers, seconds: float
) -> BaseException | None:
    """Get a plugin of `module`, check it, and have it make its offers; give what was raised.

    A plugin that fails or takes longer than `seconds` may have made some of its offers, and goes
    on making them where it couldn't be stopped: they are then nobody's.
    """

    def run() -> None:
        _loading.set(offers)
        try:
            plugin = get()
        except BaseException as error:
            _check_statement(_stated_before(error, module))
            raise
        stated = getattr(sys.modules.get(module), STATEMENT, None)
        _check_statement(getattr(plugin, STATEMENT, stated))
        if not call_hooks(plugin, offers.registrar) and not offers.parts:
            raise PluginError("it offers nothing: no function of it is marked @vaekit.hookimpl")

    return call_bounded(run, seconds)


def _check_statement(stated: object) -> None:
    if stated is not None:
        check_api_version(stated)


def _stated_before(error: BaseException, module: str) -> object:
    """The API version that a module had stated when it failed: it may be why it failed."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_globals.get("__name__") == module:
            return frame.f_globals.get(STATEMENT)
    return None


def reason_of(error: BaseException) -> str:
    """What went wrong with a plugin, in one line."""
    name = "" if isinstance(error, PluginError | TimedOut) else type(error).__name__
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "it can't say what"
    return ": ".join(filter(None, (name, text)))


def traceback_of(error: BaseException) -> str:
    """The whole traceback, as Python prints it."""
    return "".join(traceback.format_exception(error))
