"""The stimuli of Levels: in one folder, or as ImageNet lies on disk, in one folder per class."""

from collections import defaultdict
from collections.abc import Sequence

from alignet_ray.records.level_trial import image_name, wordnet_id
from alignet_ray.records.object_images import ObjectImages, find_object_images
from alignet_ray.records.store import Folder


def find_stimuli(url: str, names: Sequence[str]) -> ObjectImages:
    """The image of each name: `<name>.<ext>`, or where no name lies so, `<class>/<name>.<ext>`.

    The class is the WordNet id that the name begins with. Raises InputError where no name has an
    image, or one has two.
    """
    found: list[ObjectImages] = []
    if not _shows_some(url, names):
        folders = {Folder.at(url).place(own): shown for own, shown in _by_class(names).items()}
        found = [
            find_object_images(place, shown)
            for place, shown in folders.items()
            if _shows_some(place, shown)
        ]
    if not found:
        return find_object_images(url, names)
    urls = {name: place for own in found for name, place in own.urls.items()}
    sizes = {name: size for own in found for name, size in own.sizes.items()}
    return ObjectImages(
        urls={name: urls[name] for name in names if name in urls},
        sizes={name: sizes[name] for name in names if name in sizes},
        missing=tuple(name for name in names if name not in urls),
    )


def _shows_some(url: str, names: Sequence[str]) -> bool:
    return not {image_name(file) for file in Folder.at(url).sizes()}.isdisjoint(names)


def _by_class(names: Sequence[str]) -> dict[str, list[str]]:
    shown: dict[str, list[str]] = defaultdict(list)
    for name in names:
        own = wordnet_id(name)
        if own is not None:
            shown[own].append(name)
    return shown
