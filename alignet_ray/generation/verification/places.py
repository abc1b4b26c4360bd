"""Whether the images' places of a converted run are those in the image table's own bytes."""

from alignet_ray.errors import RecordError
from alignet_ray.generation.conversion.places import PLACES_FOLDER, places_table
from alignet_ray.generation.verification.findings import Problem, Record, examine, expect
from alignet_ray.generation.verification.parts import ImagePart, read_part
from alignet_ray.generation.verification.rules import RunRules
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parquet import parse_parquet
from alignet_ray.records.parts import part_name, sidecar_name


def check_places(part: int, rules: RunRules, images: ImagePart | None) -> int | Problem:
    """Their bytes in number, or what is wrong with them.

    Without a sound part of the image table the sidecar alone is compared.
    """
    return examine(Record(kind="places", number=part), lambda: _places(part, rules, images))


def _places(part: int, rules: RunRules, images: ImagePart | None) -> int:
    folder = rules.root.folder(PLACES_FOLDER)
    place = folder.place(part_name(part))
    digest = rules.settings.images_digest
    sidecar, data = read_part(folder, part, digest, is_quick=rules.is_quick)
    if images is not None:
        at = folder.place(sidecar_name(part))
        expect(sidecar.get("images_sha256"), images.sha256, "images_sha256", at)
    if data is None:
        return sidecar["bytes"]
    table, _ = parse_parquet(data, place)
    if images is not None and images.data is not None:
        source = rules.image_root.folder(IMAGES_FOLDER).place(part_name(part))
        if not table.equals(places_table(images.data, source)):
            wanted = f"those of the images in {source}"
            raise RecordError("other places", wanted, place)
    return len(data)
