"""Whether a plugin keeps the contract of `vaekit.hookspecs`, and what it is told where not."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable
from typing import Any

import pluggy

from vaekit import hookspecs
from vaekit.errors import PluginError, closest
from vaekit.registry import KINDS, Kind

STATEMENT = "VAEKIT_API_VERSION"


def check_api_version(stated: object) -> None:
    """Raise `PluginError` unless this vaekit has the API version that a plugin was written for."""
    if type(stated) is not int:
        raise PluginError(
            f"its {STATEMENT} is {reprlib.repr(stated)}, and must be a whole number such as "
            f"{hookspecs.API_VERSION}"
        )
    if stated > hookspecs.API_VERSION:
        raise PluginError(
            f"it was written for version {stated} of the plugin API, and this vaekit has version "
            f"{hookspecs.API_VERSION}: pip install --upgrade vaekit"
        )
    if stated < hookspecs.OLDEST_API_VERSION:
        raise PluginError(
            f"it was written for version {stated} of the plugin API, and the oldest that this "
            f"vaekit takes is {hookspecs.OLDEST_API_VERSION}: upgrade the plugin"
        )


def call_hooks(plugin: object, registrar: Callable[[Kind], hookspecs.Register]) -> int:
    """Call each hook that `plugin` implements, and give their number.

    Raises `PluginError` if one is misspelled, unmarked or takes other arguments; and whatever the
    hooks raise.
    """
    # A manager for each plugin tells its hooks from everyone else's.
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    _check_hooks(manager, plugin)
    manager.register(plugin)
    called = 0
    for kind in KINDS.values():
        hook: Any = getattr(manager.hook, kind.hook)
        called += len(hook.get_hookimpls())
        hook(register=registrar(kind))
    return called


def _check_hooks(manager: pluggy.PluginManager, plugin: object) -> None:
    hooks = [kind.hook for kind in KINDS.values()]
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is None:
            if name in hooks:
                raise PluginError(f"its {name} is not marked with @vaekit.hookimpl")
            continue
        hook = options.get("specname") or name
        if hook in hooks:
            _check_hook(hook, getattr(plugin, name))
        elif not options.get("optionalhook"):
            raise PluginError(f"vaekit has no hook {hook!r}. {closest(hook, hooks)}")


def _check_hook(hook: str, function: Callable[..., Any]) -> None:
    kinds = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    if any(is_kind(function) for is_kind in kinds):
        raise PluginError(f"its hook {hook} must be a plain function, without yield or async")
    signature = inspect.signature(function)
    needed = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    register = signature.parameters.get("register")
    if needed != ["register"] or register is None or register.kind is register.KEYWORD_ONLY:
        takes = str(signature.replace(return_annotation=signature.empty))
        raise PluginError(f"its hook {hook} takes {takes}, and must take (register)")
