import io

from alignet_ray.demo_world.gallery import contact_sheet

LARGEST_BYTES = 300_000


def test_the_contact_sheet_fits_in_a_readme() -> None:
    sheet = contact_sheet()
    data = io.BytesIO()
    sheet.save(data, "PNG", optimize=True)
    assert sheet.width > sheet.height
    assert len(data.getvalue()) < LARGEST_BYTES
