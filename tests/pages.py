"""Markdown pages as tests: the code blocks of one, and a whole page run as the story it tells.

What a fence says of its block, in a page that is run:

- `sh`: run by bash, which stops at the first command that fails;
- `python`: run in one Python process, so that names last;
- `text`, right after one of those: what it prints, where `...` stands for anything (commands'
  error messages are part of it, Python's warnings are not);
- `{code-block} LANGUAGE` with a `:caption:`: a file of that name, to be written;
- `console`: shown only. Kept for what can't be run, as publishing can't.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner
from markdown_it import MarkdownIt

from tests.warm_process import WarmProcess, shared
from vaekit.cli import main

PATIENCE = 300  # seconds that a block of commands may take
_COMPARE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# What a page calls as commands, as modules: so they run in the page's environment.
_COMMANDS = ("pip", "pytest", "vaekit")


class Block(NamedTuple):
    """A fenced block: its language, its text, the line of its fence, the file that it shows."""

    language: str
    code: str
    line: int
    file: str | None = None


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a page in order, all of them or those of one language."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    found = [_block(t.info.strip(), t.content, t.map[0] + 1) for t in tokens if t.type == "fence"]
    return [block for block in found if language in (None, block.language)]


def _code_of(page: Path, language: str) -> str:
    return "\n".join(block.code for block in blocks(page, language))


def _block(info: str, content: str, line: int) -> Block:
    directive, _, language = info.partition(" ")
    if directive != "{code-block}":
        return Block(info, content, line)
    head, _, code = content.partition("\n\n")
    caption = re.search(r"^:caption: (.+)$", head, re.MULTILINE)
    assert caption, f"line {line}: a code-block needs a :caption:, the name of its file"
    return Block(language, code, line, caption[1])


def command(line: str, *more: str) -> None:
    """Run one `vaekit` line of a page within this process, which starts Keras only once.

    more: options that make it quicker than a reader's.
    """
    words = shlex.split(line, comments=True)
    assert words[0] == "vaekit"
    result = CliRunner().invoke(main, [*words[1:], *more])
    assert result.exit_code == 0, result.output


class Story:
    """A page to be run, in a new folder and a new virtual environment below `scratch`.

    What a page installs has to be there from a process's start: its commands are processes of their
    own, as is Python that imports no vaekit, to which it may not have to be there. All else runs in
    a process that stays for the next page.
    """

    def __init__(self, page: Path, scratch: Path) -> None:
        self.page = page
        self.folder = scratch / "page"  # where the next block runs: a `cd` lasts
        self.folder.mkdir()
        self._scratch = scratch
        self._left = scratch / "left-in"
        self._bin = _environment(scratch / "venv")
        self._variables = {**os.environ, "PATH": f"{self._bin}{os.pathsep}{os.environ['PATH']}"}
        code = {language: _code_of(page, language) for language in ("sh", "python")}
        self._installs = re.search(r"^ *pip ", code["sh"], re.MULTILINE) is not None
        self._alone = self._installs or not re.search(r"\bvaekit\b", code["python"])
        self._python: WarmProcess | None = None
        self._output = scratch / "output"
        self._warnings = scratch / "stderr"  # what Python's libraries say beside the output

    def tell(self) -> None:
        """Run the blocks in order. Raises `AssertionError` for one that fails, saying where."""
        printed: str | None = None
        if not self._installs:
            shared().write_command(self._bin / "vaekit")
        try:
            for block in blocks(self.page):
                printed = self._take(block, printed)
        finally:
            if self._python is not None and self._alone:
                self._python.close()
            elif self._python is not None:
                self._python.forget(self._scratch)

    def _take(self, block: Block, before: str | None) -> str | None:
        """Do with a block as its fence says, and give what it prints; None if it isn't run."""
        if block.file is not None:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code, encoding="utf-8")
        elif block.language == "sh":
            return self._shell(block)
        elif block.language == "python":
            return self._exec(block)
        elif block.language == "text":
            self._require(before is not None, block, "no block before it prints it")
            same = doctest.OutputChecker().check_output(block.code, before or "", _COMPARE)
            self._require(same, block, f"what is printed is\n{before}")
        else:
            known = block.language == "console" or block.language.startswith("{")
            self._require(known, block, f"{block.language!r} is neither run nor `console`")
        return None

    def _shell(self, block: Block) -> str:
        with self._output.open("w") as printed:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", f"trap 'pwd > {self._left}' EXIT\n{block.code}"],
                cwd=self.folder,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
            )
        output = self._output.read_text()
        self._require(not done.returncode, block, f"exit {done.returncode}\n{output}")
        self.folder = Path(self._left.read_text().strip())
        return output

    def _exec(self, block: Block) -> str:
        if self._python is None:
            own = self._bin / "python"
            self._python = WarmProcess(own, self._variables) if self._alone else shared()
        with self._output.open("w") as printed, self._warnings.open("w") as warnings:
            where = self._where(block)
            code = self._python.run(block.code, where, self.folder, printed, warnings)
        output = self._output.read_text()
        self._require(not code, block, f"{output}{self._warnings.read_text()}")
        return output

    def _require(self, holds: bool, block: Block, otherwise: str) -> None:
        assert holds, f"{self._where(block)}: {otherwise}"

    def _where(self, block: Block) -> str:
        return f"{self.page.name}, line {block.line}"


def _environment(folder: Path) -> Path:
    """Make a virtual environment that also has what this one has; give its folder of commands.

    What a page installs stays in it. No package is copied or fetched, so it takes no time.
    """
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    ours = [path for path in sys.path if Path(path).name == "site-packages"]
    (folder / "lib" / version / "site-packages" / "shared.pth").write_text("\n".join(ours) + "\n")
    for name in _COMMANDS:
        command = python.with_name(name)
        command.write_text(f'#!/bin/sh\nexec {python} -m {name} "$@"\n')
        command.chmod(0o755)
    return python.parent
