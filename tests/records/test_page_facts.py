"""Facts of a page come back, are not written again, and are refused where they are broken."""

import pytest

from alignet_ray.errors import RecordError
from alignet_ray.records.page_facts import FACTS_NAME, read_page_facts, write_page_facts
from alignet_ray.records.store import Folder


def test_facts_come_back_and_are_written_once(tmp_path):
    folder = Folder.at(str(tmp_path))
    assert read_page_facts(folder, dict, "") is None
    write_page_facts(folder, {"a": [1, 2.5, None]})
    path = tmp_path / FACTS_NAME
    written = path.stat().st_mtime_ns
    write_page_facts(folder, {"a": [1, 2.5, None]})
    assert path.stat().st_mtime_ns == written
    assert read_page_facts(folder, lambda record: record["a"], "") == [1, 2.5, None]


def test_facts_that_lack_something_are_refused_with_the_remedy(tmp_path):
    folder = Folder.at(str(tmp_path))
    write_page_facts(folder, {"a": 1})
    with pytest.raises(RecordError, match=r"lacks 'b'.*Delete it"):
        read_page_facts(folder, lambda record: record["b"], "Delete it.")
