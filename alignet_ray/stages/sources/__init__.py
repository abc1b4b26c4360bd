"""Where images come from, read into the one order of everything.

A folder tree, a list in CSV or Parquet, or tars by member range, each at any fsspec URL: all end
as the same rows (key, url, offset, length, label), permuted by the seed. Keys are relative, so
the same images in a bucket and on disk have the same listing.
"""

from alignet_ray.stages.sources.listed import (
    SourceListing,
    list_folder,
    list_images,
    refuse_changed_source,
    refuse_missing_sources,
    source_names,
)

__all__ = [
    "SourceListing",
    "list_folder",
    "list_images",
    "refuse_changed_source",
    "refuse_missing_sources",
    "source_names",
]
