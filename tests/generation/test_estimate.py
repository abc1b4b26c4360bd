"""What a dry run reckons without looking."""

import pyarrow as pa

from alignet_ray.generation.estimate import share_in_stores


def test_only_images_in_a_store_are_asked_for():
    urls = ["/photos/a.jpg", "gs://b/a.jpg", "s3://b/t.tar", "https://host/a.jpg"]
    assert share_in_stores(pa.table({"url": urls})) == 0.75
    assert share_in_stores(pa.table({"url": pa.array([], pa.string())})) == 0.0
    assert share_in_stores(None) == 0.0
