"""Which outline belongs to which category; the one place where meaning becomes shape."""

from __future__ import annotations

from collections.abc import Callable

from alignet_ray.demo_world import animals, buildings, plants, vehicles
from alignet_ray.demo_world.categories import CATEGORIES
from alignet_ray.demo_world.outlines import Part
from alignet_ray.demo_world.scenes import Proportions

ShapeBuilder = Callable[[Proportions], list[Part]]

BUILDERS: dict[str, ShapeBuilder] = {
    "dachshund": animals.dachshund,
    "poodle": animals.poodle,
    "duck": animals.duck,
    "flamingo": animals.flamingo,
    "goldfish": animals.goldfish,
    "shark": animals.shark,
    "beetle": vehicles.beetle,
    "pickup": vehicles.pickup,
    "lorry": vehicles.lorry,
    "tanker": vehicles.tanker,
    "locomotive": vehicles.locomotive,
    "tram": vehicles.tram,
    "fir": plants.fir,
    "oak": plants.oak,
    "daisy": plants.daisy,
    "tulip": plants.tulip,
    "saguaro": plants.saguaro,
    "prickly_pear": plants.prickly_pear,
    "cottage": buildings.cottage,
    "townhouse": buildings.townhouse,
    "lighthouse": buildings.lighthouse,
    "windmill": buildings.windmill,
    "portico": buildings.portico,
    "pagoda": buildings.pagoda,
}


def build_shape(category: int, proportions: Proportions) -> list[Part]:
    """The parts of one individual of a category, in painting order."""
    return BUILDERS[CATEGORIES[category].subordinate](proportions)
