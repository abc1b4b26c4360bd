"""What the sections read: the bundle's words and metrics, the chosen facts, the loaded pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alignet_ray.pages.markup import Markup, element, shortened
from alignet_ray.pages.pictures import Picture
from alignet_ray.pages.thumbnails import thumbnail
from alignet_ray.records.digests import Json
from alignet_ray.teaching.report.facts import ReportFacts

SIMILARITIES = ("dot", "centred_cosine")


@dataclass(frozen=True, kw_only=True)
class View:
    """Everything that the page says; `facts` is None where they are not known any more.

    `pictures` is by object id; one that could not be read or does not decode has no data.
    """

    url: str
    backbone: Json | None
    metrics: Json
    settings: Json
    facts: ReportFacts | None
    pictures: Mapping[str, Picture]

    @property
    def name(self) -> str:
        """The last word of the folder's URL."""
        return self.url.rstrip("/").rpartition("/")[2] or self.url

    def part(self, *path: str) -> Json | None:
        """A part of the metrics by its path, or None where it is not there."""
        found = self.metrics
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found or None

    def shown(self, object_id: str) -> Markup:
        """An object's picture, or its id where there is none."""
        picture = self.pictures.get(object_id)
        if picture is None or picture.uri is None:
            return element("span", shortened(object_id), class_="word")
        return thumbnail(picture)

    def names(self, object_ids: Sequence[str]) -> Markup | str:
        """Ids below their pictures; nothing where the ids themselves are shown."""
        if not any(own in self.pictures for own in object_ids):
            return ""
        words = ", ".join(shortened(own).replace("_", " ") for own in object_ids)
        return element("div", words, class_="names")
