"""New plugin distributions, each with a part that works: what `vaekit plugins new` makes."""

from vaekit.scaffold.names import Names, names_for
from vaekit.scaffold.render import Scaffold, scaffold

__all__ = ["Names", "Scaffold", "names_for", "scaffold"]
