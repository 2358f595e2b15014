"""New plugin distributions, each with a part that works: what `vaekit plugins new` makes."""

from vaekit.scaffold.names import Names, names_for
from vaekit.scaffold.render import Scaffold, scaffold
from vaekit.scaffold.write import write_folder

__all__ = ["Names", "Scaffold", "names_for", "scaffold", "write_folder"]
