"""What is in the gallery, and the decorator that puts a part there."""

from __future__ import annotations

SHOWN = {}  # (kind, check, factory) by the factory's name


def breaks(kind, check, **claims):
    """File a part under the one check that it fails."""

    def show(factory):
        if claims:
            factory.claims = claims
        SHOWN[factory.__name__] = (kind, check, factory)
        return factory

    return show
