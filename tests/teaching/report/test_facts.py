"""What is chosen to be shown: the right neighbours, matched by id, the same every time."""

from dataclasses import replace

import numpy as np
import pytest

from alignet_ray.functional.odd_one_out import as_similarity_space
from alignet_ray.records.store import Folder
from alignet_ray.teaching.report.facts import HumanSpace, gather
from alignet_ray.teaching.report.record import read_facts, write_facts


def literal_nearest(ids, vectors, object_id, count):
    space = as_similarity_space(vectors, "centred_cosine")
    row = ids.index(object_id)
    others = [i for i in range(len(ids)) if i != row]
    order = sorted(others, key=lambda i: -float(space[i] @ space[row]))
    return tuple(ids[i] for i in order[:count])


def test_neighbours_are_those_of_each_space(make_report):
    report = make_report()
    facts = gather(report).neighbours
    human = report.human
    rows = [human.object_ids.index(own) for own in report.object_ids]
    assert len(facts.most_changed) == 8
    assert len(facts.random) == 4
    for row in (*facts.most_changed, *facts.random):
        spaces = (report.before, report.after, human.mean[rows])
        for found, space in zip((row.before, row.after, row.human), spaces, strict=True):
            assert found == literal_nearest(report.object_ids, space, row.object_id, 6)


def test_means_are_over_all_objects(make_report):
    report = make_report()
    same = gather(replace(report, after=report.before)).neighbours
    assert same.mean_replaced == 0
    assert [own.count for own in same.shared] == [6]  # too few objects for the wide ones
    assert same.shared[0].before == same.shared[0].after
    human = HumanSpace(object_ids=report.object_ids, mean=report.after)
    assert gather(replace(report, human=human)).neighbours.shared[0].after == 6


def test_the_order_of_the_human_embedding_does_not_matter(make_report):
    report = make_report()
    order = np.random.default_rng(0).permutation(len(report.human.object_ids))
    ids = tuple(report.human.object_ids[i] for i in order)
    other = replace(report, human=HumanSpace(object_ids=ids, mean=report.human.mean[order]))
    assert gather(other).neighbours == gather(report).neighbours


def test_objects_that_people_did_not_see_have_no_human_neighbours(make_report):
    report = make_report()
    known = 5
    human = HumanSpace(object_ids=report.object_ids[:known], mean=report.human.mean[:known])
    facts = gather(replace(report, human=human)).neighbours
    for row in (*facts.most_changed, *facts.random):
        is_known = row.object_id in report.object_ids[:known]
        assert (row.human is not None) == is_known
        assert not is_known or set(row.human) == set(report.object_ids[:known]) - {row.object_id}


def test_dimensions_name_their_objects(make_report):
    report = make_report()
    facts = gather(report).dimensions
    mean = report.human.mean
    assert sorted(own.number for own in facts.strips) == [1, 2, 3, 4]
    for strip in facts.strips:
        top = int(mean[:, strip.number - 1].argmax())
        assert strip.object_ids[0] == report.human.object_ids[top]
        assert strip.weights[0] == pytest.approx(mean[top, strip.number - 1])


def test_only_pictures_that_are_shown_are_kept(make_report):
    report = make_report()
    urls = gather(report).image_urls
    assert 0 < len(urls) <= len(report.image_urls)
    assert all(report.image_urls[object_id] == url for object_id, url in urls.items())


@pytest.mark.parametrize("num_objects", [1, 2, 3])
def test_few_objects_have_few_neighbours(make_report, num_objects):
    report = make_report()
    few = replace(
        report, human=None, object_ids=report.object_ids[:num_objects],
        before=report.before[:num_objects], after=report.after[:num_objects],
    )  # fmt: skip
    facts = gather(few).neighbours
    assert (facts is None) == (num_objects == 1)
    assert facts is None or facts.count == num_objects - 1


def test_facts_come_back_as_they_were(make_report, tmp_path):
    folder = Folder.at(str(tmp_path))
    assert read_facts(folder) is None
    for report in (make_report(), make_report(human=None, curves=(), image_urls={})):
        facts = gather(report)
        write_facts(folder, facts)
        assert read_facts(folder) == facts == gather(report)
