"""From templates to the files of a distribution, and onto the disk.

`templates/every` holds what all kinds have in common, `templates/KIND` the example of that kind and
its `about.toml`. In the files `$name` stands for a value, `$$` for a dollar; in the paths PACKAGE
and KIND do, and `dot_` for a leading dot. So a new kind of part needs a folder and no code.
"""

from __future__ import annotations

import json
import os
import tomllib
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from string import Template
from typing import NamedTuple

from vaekit.atomic import write_folder
from vaekit.errors import UserError
from vaekit.hookspecs import API_VERSION
from vaekit.registry import KINDS, KIT
from vaekit.scaffold.names import Names

TEMPLATES = Path(__file__).parent / "templates"
_ENDING = ".tmpl"


class Scaffold(NamedTuple):
    """A new distribution, not yet written.

    files: the text of each file, by its path in the distribution.
    example: the path of the file that holds the part.
    use: what to add to `vaekit train` to get the part.
    """

    files: dict[PurePosixPath, str]
    example: PurePosixPath
    use: str

    def write(self, folder: Path) -> None:
        """Make `folder` of its files, or nothing.

        Raises `UserError` if there is something already, nowhere to make it, or no right or room
        to.
        """
        if os.path.lexists(folder):
            raise UserError(f"{folder} is there already: choose another name, or another --out.")
        if not folder.parent.is_dir():
            raise UserError(f"There is no folder {folder.parent} to make {folder.name} in.")
        write_folder(folder, {str(path): text.encode() for path, text in self.files.items()})


def scaffold(kind: str, names: Names) -> Scaffold:
    """A distribution with one working part of this kind, and its tests.

    Raises `UserError` if there is no template of this kind.
    """
    if not (TEMPLATES / kind).is_dir():
        raise UserError(
            f"There is no template of a {kind}: make one of another kind and change it."
        )
    about = tomllib.loads((TEMPLATES / kind / "about.toml").read_text(encoding="utf-8"))
    use = Template(about["use"]).substitute(part=names.part)
    values = {
        **names._asdict(),
        "kind": kind,
        "hook": KINDS[kind].hook,
        "api_version": API_VERSION,
        "summary": about["summary"],
        "use": use,
        "dependencies": json.dumps([*about["dependencies"], f"{KIT}>={version(KIT)}"]),
    }
    files = {
        _place(template.relative_to(folder), kind, names): Template(
            template.read_text(encoding="utf-8")
        ).substitute(values)
        for folder in (TEMPLATES / "every", TEMPLATES / kind)
        for template in sorted(folder.rglob(f"*{_ENDING}"))
    }
    return Scaffold(files, PurePosixPath("src", names.package, f"{kind}.py"), use)


def _place(path: Path, kind: str, names: Names) -> PurePosixPath:
    *folders, file = path.parts
    parts = [part.replace("dot_", ".") for part in (*folders, file.removesuffix(_ENDING))]
    return PurePosixPath(
        *(part.replace("PACKAGE", names.package).replace("KIND", kind) for part in parts)
    )
