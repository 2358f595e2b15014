"""Write the reference pages that are made from the code: `python docs/generate.py`.

With `--check`, write nothing: print how the pages differ from what they should be, and exit with 1
if they do.
"""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pluggy
from pydantic import BaseModel

import vaekit
from vaekit import hookspecs
from vaekit.cli import main as command_line
from vaekit.diagnosis import RULES
from vaekit.registry import KINDS
from vaekit.startup import select_backend

FOLDER = Path(__file__).parent / "reference"
HEAD = "<!-- Written by docs/generate.py from the code: change that, not this page. -->\n\n"
_WIDTH = 80


def commands() -> str:
    """Every command's help, as the terminal shows it."""
    parts = ["# Commands\n\nEvery command with its `--help`, as it is printed.\n"]
    for context in _walk(click.Context(command_line, info_name="vaekit", **_as_set(command_line))):
        parts.append(f"## {context.command_path}\n\n```text\n{context.get_help().rstrip()}\n```\n")
    return "\n".join(parts)


def _walk(context: click.Context) -> Iterator[click.Context]:
    """A command's context and those of all commands below it, by name."""
    yield context
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            below = group.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _walk(click.Context(below, context, info_name=name, **_as_set(below)))


def _as_set(command: click.Command) -> dict[str, Any]:
    return {**command.context_settings, "terminal_width": _WIDTH}


def hooks() -> str:
    """The hooks' contract: the docstrings of `vaekit.hookspecs`, and of each hook it declares."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    parts = [f"# Hooks\n\n{_markdown(hookspecs)}\n"]
    for kind in KINDS.values():
        spec = getattr(manager.hook, kind.hook).spec
        given = ", ".join(f"`{name}`" for name in kind.arguments) or "nothing"
        parts.append(
            f"## {kind.hook}\n\n`{kind.hook}{_signature(spec.function)}`\n\n"
            f"{_markdown(spec.function)}\n\n"
            f"Kind of part: `{kind.name}`. The kit fills in {given}; what else its factory "
            "takes are its options.\n"
        )
    return "\n".join(parts)


def _signature(function: Any) -> str:
    return re.sub(r"'(\w+)'", r"\1", str(inspect.signature(function)))


def _markdown(of: object) -> str:
    """A docstring as Markdown: what follows a `::` is a block of Python."""
    return re.sub(
        r"::\n\n((?:    .*\n|\n)+)",
        lambda code: f":\n\n```python\n{inspect.cleandoc(code[1])}\n```\n\n",
        inspect.getdoc(of) + "\n",
    ).strip()


def api() -> str:
    """Directives for autodoc: every public name of `vaekit`, under the heading of what it is."""
    select_backend(None)  # some names import Keras; this keeps TensorFlow's notices off the log
    sections: dict[str, list[str]] = {"Functions": [], "Classes": [], "Errors": []}
    for name in vaekit.__all__:
        found, path = getattr(vaekit, name), f"vaekit.{name}"
        if isinstance(found, ModuleType):
            # What `vaekit` itself offers is told there.
            told = sorted(set(vaekit.__all__) & set(vars(found)))
            without = [f"exclude-members: {', '.join(told)}"] if told else []
            sections[path] = [_directive("automodule", path, "members", *without)]
        elif inspect.isfunction(found):
            # One that writes the config's fields out would be a page wide, too.
            signature = "(**options)" if hasattr(found, "__signature__") else ""
            sections["Functions"].append(_directive("autofunction", path + signature))
        elif isinstance(found, type) and issubclass(found, BaseException):
            sections["Errors"].append(_directive("autoexception", path, "show-inheritance"))
        elif isinstance(found, type) and issubclass(found, BaseModel):
            # Its signature would be a page wide.
            directive = _directive("autoclass", f"{path}(**fields)", "members")
            sections["Classes"].append(directive + _fields(found))
        elif isinstance(found, type):
            sections["Classes"].append(_directive("autoclass", path, "members"))
    parts = [
        "# Python API\n\nWhat `import vaekit` offers. Everything else in the package may change "
        "from version to version. [Hooks](hooks.md) is what a plugin implements.\n"
    ]
    for title, directives in sections.items():
        parts += [f"## {title}\n", *directives]
    return "\n".join(parts)


def _directive(kind: str, of: str, *flags: str) -> str:
    lines = [f".. {kind}:: {of}"]
    for flag in flags:
        name, _, value = flag.partition(": ")
        lines.append(f"   :{name}: {value}".rstrip())
    return "\n".join(["```{eval-rst}", *lines, "```", ""])


def _fields(model: type[BaseModel]) -> str:
    """A table of a model's fields, which are the options of `vaekit train`."""
    rows = [
        f"| `{name}` | `{field.get_default(call_default_factory=True)!r}` | {field.description} |"
        for name, field in model.model_fields.items()
    ]
    return "\n".join(
        ["", f"| field of `{model.__name__}` | default | meaning |", "|---|---|---|", *rows, ""]
    )


def illnesses() -> str:
    """What `vaekit diagnose` looks for: each rule's own words, causes first."""
    parts = [
        "# Illnesses\n\nWhat [`vaekit diagnose`](../diagnose.md) looks for, in its order: causes "
        "before what follows from them.\n"
    ]
    for rule in RULES:
        about = {"Shows": rule.threshold, "From": rule.source, "Cure": rule.remedy}
        lines = [f"- {what}: {text}." for what, text in about.items()]
        if rule.causes:
            lines.append(f"- May cause: {', '.join(f'`{name}`' for name in rule.causes)}.")
        parts.append(
            f"## {rule.title}\n\n`{rule.name}`. {_markdown(type(rule))}\n\n"
            + "\n".join(lines)
            + "\n"
        )
    return "\n".join(parts)


PAGES = {"commands.md": commands, "hooks.md": hooks, "api.md": api, "illnesses.md": illnesses}


def main() -> int:
    """Write the pages, or with `--check` compare them; give the exit code."""
    if sys.argv[1:] not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = 0
    for name, page in PAGES.items():
        path, text = FOLDER / name, HEAD + page()
        if not sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
            continue
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        difference = difflib.unified_diff(
            there.splitlines(), text.splitlines(), f"{path} as it is", "as the code is", lineterm=""
        )
        for line in difference:
            stale = 1
            print(line)
    if stale:
        print("The reference is stale. Run: python docs/generate.py", file=sys.stderr)
    return stale


if __name__ == "__main__":
    sys.exit(main())
