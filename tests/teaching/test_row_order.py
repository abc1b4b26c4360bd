"""An embedding in another order than its names is refused, with real data and the true remedy."""

import csv

import numpy as np
import pytest
import torch

from alignet_ray.config.backbone import (
    BackboneConfig,
    Preprocessing,
    PreprocessingConfig,
    ResolvedBackbone,
)
from alignet_ray.config.human_sources import HumanSourcesConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.functional.row_order import other_orders
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.plugins import import_plugins
from alignet_ray.models.preprocessing import decode_image, to_pixels
from alignet_ray.records.choices import read_choices
from alignet_ray.records.human import HumanChoices, read_names
from alignet_ray.records.human_embedding import HumanEmbedding, read_human_embedding
from alignet_ray.records.object_images import find_object_images
from alignet_ray.records.store import read_url
from alignet_ray.stages.embed_objects import ObjectEmbeddings
from alignet_ray.teaching.row_order import (
    refuse_order_unlike_choices,
    refuse_order_unlike_images,
)

CONFIG = HumanSourcesConfig(images="i", names="n.txt", human_embedding="e.npy", responses="r.csv")
NAMES = tuple(f"a{mark}{k:02d}" for k in range(30) for mark in "-_")
BACKBONE = ResolvedBackbone(
    name="b", model_args=(), representation="output", dim=4, weights_sha256="0",
    preprocessing=Preprocessing(
        resolution=8, resize="squash", crop_fraction=1.0, interpolation="nearest",
        mean=(0.5,) * 3, std=(0.5,) * 3,
    ),
)  # fmt: skip


def world():
    """An embedding that belongs to sorted ids, and what agrees with it."""
    random = np.random.default_rng(0)
    by_sorted = random.uniform(0, 2, size=(len(NAMES), 4))
    of = dict(zip(sorted(NAMES), by_sorted, strict=True))
    vectors = np.array([of[name] for name in NAMES])
    triplets = np.array([random.permutation(len(NAMES))[:3] for _ in range(500)])
    odd = 2 - pair_similarities(vectors, triplets).argmax(axis=1)
    choices = HumanChoices(names=NAMES, triplets=triplets, odd_position=odd)
    images = ObjectEmbeddings(
        object_ids=NAMES[1:], vectors=vectors[1:].astype(np.float32), backbone=BACKBONE, rejects={}
    )
    return by_sorted, vectors, choices, images


def test_the_right_order_is_accepted_and_the_wrong_one_says_what_to_do():
    by_sorted, vectors, choices, images = world()
    right = HumanEmbedding(names=NAMES, vectors=vectors)
    wrong = HumanEmbedding(names=NAMES, vectors=by_sorted)
    sorted_right = HumanEmbedding(names=tuple(sorted(NAMES)), vectors=by_sorted)
    for embedding in (right, sorted_right):
        refuse_order_unlike_choices(embedding, choices, CONFIG)
        refuse_order_unlike_images(embedding, embedding.names, images, CONFIG)
    for refuse in (
        lambda: refuse_order_unlike_choices(wrong, choices, CONFIG),
        lambda: refuse_order_unlike_images(wrong, NAMES, images, CONFIG),
    ):
        with pytest.raises(InputError) as caught:
            refuse()
        assert "e.npy, rows of n.txt" in str(caught.value)
        assert "row 2 is 'a_00' and would be 'a-01'" in str(caught.value)
        assert "--human-embedding-names" in caught.value.remedy


def test_an_embedding_fitted_to_choices_that_a_wrong_names_file_numbers_is_refused():
    by_sorted, _, _, images = world()
    judged = [row for row in range(len(NAMES)) if row not in (3, 40)]
    fitted = HumanEmbedding(names=tuple(NAMES[r] for r in judged), vectors=by_sorted[judged])
    config = HumanSourcesConfig(images="i", names="n.txt", choices="c.npy")
    with pytest.raises(InputError, match=r"c\.npy, numbered by n\.txt: .* sorted ids") as caught:
        refuse_order_unlike_images(fitted, NAMES, images, config)
    assert "--names" in caught.value.remedy


def test_choices_about_other_objects_decide_nothing():
    by_sorted, _, choices, _ = world()
    others = HumanChoices(
        names=tuple(f"other{name}" for name in NAMES),
        triplets=choices.triplets, odd_position=choices.odd_position,
    )  # fmt: skip
    wrong = HumanEmbedding(names=NAMES, vectors=by_sorted)
    refuse_order_unlike_choices(wrong, others, CONFIG)


def things_objects(real_data, names, every):
    """Raw representations by MobileNetV1-0.25 of the objects that orders differ in and of some."""
    import_plugins([str(real_data / "backbones.py")])
    weights = real_data / "weights" / "mobilenetv1_025.imagenet_128.safetensors"
    pixels = PreprocessingConfig(
        resolution=128, resize="squash", interpolation="bicubic", mean=(0.5,) * 3, std=(0.5,) * 3
    )
    backbone = load_backbone(
        BackboneConfig(
            name="mobilenetv1_025", checkpoint=str(weights), representation="pre_logits",
            model_args=("num_classes=1001", "pad_type=same"), preprocessing=pixels,
        )
    )  # fmt: skip
    found = find_object_images(str(real_data / "things" / "images"), names)
    moved = {names[row] for o in other_orders(names).values() for row in np.flatnonzero(
        o != np.arange(len(names)))}  # fmt: skip
    ids = tuple(i for k, i in enumerate(found.urls) if i in moved or k % every == 0)
    batch = np.stack(
        [
            to_pixels(decode_image(read_url(found.urls[i])), backbone.resolved.preprocessing)
            for i in ids
        ]
    )
    with torch.inference_mode():
        vectors = backbone(torch.from_numpy(batch)).numpy()
    return ObjectEmbeddings(object_ids=ids, vectors=vectors, backbone=backbone.resolved, rejects={})


@pytest.mark.real
@pytest.mark.slow
def test_the_authors_embedding_is_refused_in_the_order_of_the_concept_table(real_data):
    things = real_data / "things"
    names = read_names(str(things / "names_vice_order.txt"))
    with open(things / "things_concepts.tsv", newline="") as stream:
        concepts = tuple(row[1] for row in list(csv.reader(stream, delimiter="\t"))[1:])
    url = str(things / "vice_embedding_42d.npy")
    objects = things_objects(real_data, names, every=16)
    responses = read_choices(str(things / "human_test_triplets.tsv"), names)
    accepted = read_human_embedding(url, names)
    refuse_order_unlike_images(accepted, names, objects, CONFIG)
    refuse_order_unlike_choices(accepted, responses, CONFIG)
    misread = read_human_embedding(url, concepts)
    with pytest.raises(InputError, match="ids sorted as names of files") as caught:
        refuse_order_unlike_images(misread, concepts, objects, CONFIG)
    assert "21 differ, row 247 is 'camera_lens' and would be 'camera1'" in str(caught.value)
