"""Every kind of broken image is counted with its reason; every odd but sound one is taken."""

import contextlib
import gzip
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.generate import (
    UNTRANSFORMED,
    ClusterConfig,
    EmbeddingConfig,
    GenerateConfig,
    ShardConfig,
)
from alignet_ray.config.resources import Resources
from alignet_ray.generation.job import generate
from alignet_ray.models.preprocessing import DecodeError, decode_image, stored_copy, to_pixels
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parquet import read_parquet
from alignet_ray.records.store import Folder

PLAIN = Image.fromarray(
    np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
).resize((96, 72))


def encoded(format_="JPEG", image=PLAIN, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def moving(format_) -> bytes:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green", "blue")]
    return encoded(format_, frames[0], save_all=True, append_images=frames[1:])


def png(*chunks: tuple[bytes, bytes], spoiled: bytes = b"") -> bytes:
    """A PNG of raw chunks; the checksum of the chunk named `spoiled` is wrong."""
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        checksum = zlib.crc32(name + body) ^ (name == spoiled)
        data += struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)
    return data


def header(width: int, height: int, depth: int = 8, colour: int = 2) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)


BODY = (b"IDAT", zlib.compress(bytes(4 * 13)))
END = (b"IEND", b"")
NOT_OURS = "not a JPEG, PNG or WebP image"
DOES_NOT_DECODE = "does not decode"

REJECTS: dict[str, tuple[bytes, str]] = {
    "empty.jpg": (b"", "empty file"),
    "one_byte.jpg": (b"\xff", NOT_OURS),
    "zeros.jpg": (bytes(10_000), NOT_OURS),
    "text.jpg": (b"this is no picture\n" * 50, NOT_OURS),
    "page.jpg": (b"<!DOCTYPE html><html><body>404</body></html>", NOT_OURS),
    "pointer.png": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", NOT_OURS),
    "vector.png": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NOT_OURS),
    "document.jpg": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", NOT_OURS),
    "noise.webp": (np.random.default_rng(1).bytes(5000), NOT_OURS),
    "packed.jpg": (gzip.compress(encoded()), NOT_OURS),
    "still.gif": (encoded("GIF"), NOT_OURS),
    "named.jpg": (moving("GIF"), NOT_OURS),
    "bitmap.bmp": (encoded("BMP"), NOT_OURS),
    "scan.tiff": (encoded("TIFF"), NOT_OURS),
    "pixels.ppm": (encoded("PPM"), NOT_OURS),
    "jpeg2000.jp2": (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(100), NOT_OURS),
    "phone.heic": (b"\x00\x00\x00\x18ftypheic" + bytes(100), NOT_OURS),
    "head_only.jpg": (encoded()[:20], NOT_OURS),
    "magic_only.jpg": (b"\xff\xd8\xff\xe0" + np.random.default_rng(2).bytes(3000), DOES_NOT_DECODE),
    "half.jpg": (encoded()[: len(encoded()) // 2], DOES_NOT_DECODE),
    "no_end.jpg": (encoded()[:-200], DOES_NOT_DECODE),
    "half.png": (encoded("PNG")[:2000], DOES_NOT_DECODE),
    "half.webp": (encoded("WEBP")[:300], DOES_NOT_DECODE),
    "spoiled_header.png": (png(header(4, 4), BODY, END, spoiled=b"IHDR"), NOT_OURS),
    "no_data.png": (png(header(4, 4), END), DOES_NOT_DECODE),
    "junk_data.png": (png(header(4, 4), (b"IDAT", b"junk"), END), DOES_NOT_DECODE),
    "short_data.png": (png(header(40, 400), BODY, END), DOES_NOT_DECODE),
    "no_width.png": (png(header(0, 4), BODY, END), NOT_OURS),
    "moving.png": (moving("PNG"), "animated"),
    "moving.webp": (moving("WEBP"), "animated"),
    "bomb.png": (png(header(60_000, 60_000), BODY, END), "more than 178956970 pixels"),
    "long.png": (png(header(70_000, 2000), BODY, END), "a side longer than 65500 pixels"),
    "line.png": (encoded("PNG", Image.new("L", (2000, 3))), "more than 64 times longer"),
    "text_bomb.png": (
        png(header(4, 4), (b"zTXt", b"k\0\0" + zlib.compress(bytes(80_000_000))), BODY, END),
        DOES_NOT_DECODE,
    ),
}


def rotated(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return encoded(exif=exif)


def deep_colours() -> bytes:
    rows = b"".join(b"\0" + np.arange(12, dtype=">u2").tobytes() for _ in range(4))
    return png(header(4, 4, depth=16), (b"IDAT", zlib.compress(rows)), END)


ACCEPTED: dict[str, bytes] = {
    "grey.jpg": encoded(image=PLAIN.convert("L")),
    "cmyk.jpg": encoded(image=PLAIN.convert("CMYK")),
    "progressive.jpeg": encoded(progressive=True),
    "upper.JPEG": encoded(),
    "trailing.jpg": encoded() + b"junk behind the end",
    "palette.png": encoded("PNG", PLAIN.convert("P")),
    "two_colours.png": encoded("PNG", PLAIN.convert("1")),
    "transparent.png": encoded("PNG", PLAIN.convert("RGBA")),
    "grey_alpha.png": encoded("PNG", PLAIN.convert("LA")),
    "palette_alpha.png": encoded("PNG", PLAIN.convert("P"), transparency=3),
    "deep_grey.png": encoded("PNG", Image.new("I;16", (64, 48), 40_000)),
    "deep_colours.png": deep_colours(),
    # Its pixels are whole: decoders pass over the checksum of this chunk.
    "spoiled_checksum.png": png(header(4, 4), BODY, END, spoiled=b"IDAT"),
    "lossy.webp": encoded("WEBP"),
    "lossless.webp": encoded("WEBP", lossless=True),
    "alpha.webp": encoded("WEBP", PLAIN.convert("RGBA")),
    "wrong_suffix.png": encoded("JPEG"),
    "two_pictures.jpg": encoded("MPO", PLAIN, save_all=True, append_images=[PLAIN]),
    "tiny.png": encoded("PNG", Image.new("RGB", (1, 1))),
    "huge.jpg": encoded(image=Image.new("RGB", (6000, 4000), "teal")),
    "ünïcode 名.jpg": encoded(),
    **{f"rotated_{number}.jpg": rotated(number) for number in range(1, 9)},
    "nonsense_rotation.jpg": rotated(99),
}


def odd_exif() -> bytes:
    """Turned by EXIF, in which the resolution, a number, is text."""
    entries = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack(
        "<HHI4s", 0x011A, 2, 4, b"abc"
    )
    tiff = b"II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)
    return encoded(exif=b"Exif\0\0" + tiff)


def test_odd_exif_turns_the_image_and_hurts_nothing():
    data = odd_exif()
    with (
        pytest.raises((TypeError, ValueError, struct.error)),
        Image.open(io.BytesIO(data)) as opened,
    ):
        ImageOps.exif_transpose(opened)  # what a decoder must not rely on
    assert decode_image(data).size == (72, 96)


@pytest.mark.parametrize("seed", range(3))
def test_spoiled_headers_raise_nothing_but_a_reason(seed):
    rng = np.random.default_rng(seed)
    whole = np.frombuffer(odd_exif(), np.uint8)
    for _ in range(400):
        data = whole.copy()
        data[rng.integers(2, 120, size=4)] = rng.integers(0, 256, size=4)
        with contextlib.suppress(DecodeError):
            assert decode_image(data.tobytes()).mode == "RGB"


SIDE = 32
BACKBONE = BackboneConfig(
    name="test_efficientnet",
    random_init=True,
    preprocessing=PreprocessingConfig(resolution=SIDE, crop_fraction=1.0),
)


def test_there_are_at_least_25_kinds_of_broken_images():
    assert len(REJECTS) >= 25
    assert len({data for data, _ in REJECTS.values()}) == len(REJECTS)


@pytest.mark.parametrize("name", REJECTS)
def test_a_broken_image_has_its_reason(name):
    data, reason = REJECTS[name]
    with pytest.raises(DecodeError, match=reason):
        decode_image(data)


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_odd_image_is_upright_rgb_and_can_be_stored(name):
    image = decode_image(ACCEPTED[name])
    assert image.mode == "RGB"
    stored = decode_image(stored_copy(image, shorter_side=64, quality=90))
    assert min(stored.size) <= 64
    if name.startswith("rotated_"):
        turned = int(name[8]) >= 5
        assert image.size == ((72, 96) if turned else (96, 72))


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_a_job_counts_each_by_its_reason_and_loses_none(tmp_path: Path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name, data in {**{k: d for k, (d, _) in REJECTS.items()}, **ACCEPTED}.items():
        (folder / name).write_bytes(data)
    config = GenerateConfig(
        images=(str(folder),),
        output=str(tmp_path / "run"),
        teacher=UNTRANSFORMED,
        backbone=BACKBONE,
        embedding=EmbeddingConfig(
            part_rows=16, row_group_rows=16, batch_size=16, max_rejected_fraction=1.0
        ),
        clusters=ClusterConfig(num_clusters=2),
        shards=ShardConfig(group="triplet", num_validation_images=0),
        resources=Resources(progress=False, num_actors=1),
    )
    summary = generate(config)
    assert summary.num_images == len(REJECTS) + len(ACCEPTED)
    assert summary.rejects.keys() == REJECTS.keys()
    for name, (_, reason) in REJECTS.items():
        assert reason in summary.rejects[name]
    parts = Folder.at(config.output).folder(IMAGES_FOLDER)
    names = sorted(name for name in parts.sizes() if name.endswith(".parquet"))
    columns = ("key", "image", "reject_reason", "embedding")
    rows = [row for name in names for row in read_parquet(parts, name, columns).to_pylist()]
    assert {row["key"] for row in rows} == REJECTS.keys() | ACCEPTED.keys()
    for row in rows:
        is_reject = row["key"] in REJECTS
        assert (row["reject_reason"] is not None) == is_reject
        assert (row["embedding"] is None) == (row["image"] is None) == is_reject


def test_sixteen_bits_are_scaled_and_not_clipped():
    image = decode_image(ACCEPTED["deep_grey.png"])
    assert image.getpixel((0, 0)) == (round(40_000 / 257),) * 3


def test_transparency_is_seen_on_white():
    clear = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    assert decode_image(encoded("PNG", clear)).getpixel((0, 0)) == (255, 255, 255)


def test_the_teacher_sees_the_decoded_original_and_not_the_stored_copy():
    from alignet_ray.config.backbone import Preprocessing

    fine = Preprocessing(
        resolution=72, resize="crop", crop_fraction=1.0, interpolation="bicubic",
        mean=(0.0,) * 3, std=(1.0,) * 3,
    )  # fmt: skip
    seen = to_pixels(decode_image(encoded("PNG")), fine)
    assert np.array_equal(seen, np.asarray(PLAIN.crop((12, 0, 84, 72))))
