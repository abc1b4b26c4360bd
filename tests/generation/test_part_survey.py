"""Rejects are gathered, and cluster parts that no longer fit their images are found."""

from alignet_ray.generation.clustering import assign_part
from alignet_ray.generation.part_survey import forget_parts, survey_span
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.digests import canonical_json
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parts import missing_parts, read_sidecar, sidecar_name


def survey(table, images=None):
    return survey_span((0, table.layout.num_parts), table.root, images or table.root)


def alter(folder, part, **changes):
    record = {**read_sidecar(folder, part), **changes}
    folder.write(sidecar_name(part), canonical_json(record))


def test_a_finished_table_has_nothing_stale(table):
    assert survey(table).stale_parts == []


def test_rejects_of_all_parts_are_gathered(table):
    images = table.root.folder(IMAGES_FOLDER)
    alter(images, 0, rejects={"a": "empty file"})
    alter(images, 2, rejects={"b": "animated"})
    assert survey(table).rejects == {"a": "empty file", "b": "animated"}


def test_a_part_of_images_that_were_made_again_is_stale_here_and_where_it_is_borrowed(
    table, make_table
):
    borrower = make_table("borrower")
    alter(table.root.folder(IMAGES_FOLDER), 1, sha256="0" * 64)
    assert survey(table).stale_parts == [1]
    assert survey(borrower, table.root).stale_parts == [1]
    forget_parts(table.root, [1, 3])
    clusters = table.root.folder(CLUSTERS_FOLDER)
    assert missing_parts(clusters, table.layout.num_parts) == [1, 3]
    assert survey(table).stale_parts == [1, 3]
    for part in (1, 3):
        assign_part(part, table.cluster_request())
    assert survey(table).stale_parts == []
