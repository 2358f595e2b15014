"""What is in the gallery, and the decorator that puts a part there."""

from __future__ import annotations

SHOWN = {}  # (kind, checks that it fails in their order, factory) by the factory's name


def breaks(kind, check, *, also=(), **claims):
    """File a part under the check that it fails. also: later ones that it can't but fail then."""

    def show(factory):
        if claims:
            factory.claims = claims
        assert factory.__name__ not in SHOWN, factory.__name__
        SHOWN[factory.__name__] = (kind, (check, *also), factory)
        return factory

    return show
