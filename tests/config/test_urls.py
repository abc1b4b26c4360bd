"""Local paths become absolute; URLs and dotted names stay what they are."""

import pytest

from alignet_ray.config.urls import absolute_plugins, absolute_url
from alignet_ray.errors import ConfigError


@pytest.mark.parametrize("url", ["gs://bucket/run", "memory://run", "s3://b/a b"])
def test_urls_stay(url):
    assert absolute_url(url) == url
    assert absolute_url(f"{url}/") == url


def test_local_paths_are_absolute_and_mean_the_same_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert absolute_url("run/../run") == str(tmp_path / "run")
    assert absolute_url(f"file://{tmp_path}/run/") == str(tmp_path / "run")
    assert absolute_url("~/run") == "/home/someone/run"
    assert absolute_url(absolute_url("run")) == absolute_url("run")


def test_only_files_among_plugins_are_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute_plugins(("my.models", "models.py")) == ("my.models", f"{tmp_path}/models.py")


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:hunter2@bucket/run",
        "ftp://someone:hunter2@host/photos",
        "https://storage.googleapis.com/b/x.tar?X-Goog-Expires=9&X-Goog-Signature=hunter2",
        "https://host/x?sig=hunter2&b=1",
        "https://host/x?access_token=hunter2",
    ],
)
def test_a_secret_in_a_url_is_refused_and_not_repeated(url):
    with pytest.raises(ConfigError, match=r"a password or signature in a URL") as caught:
        absolute_url(url)
    assert "hunter2" not in str(caught.value)
    assert "***" in str(caught.value)


@pytest.mark.parametrize("url", ["gs://b/a:b/c@d", "https://host:80/x?signed=1&v=2", "s3://b/a@b"])
def test_a_url_without_a_secret_is_not_taken_for_one(url):
    assert absolute_url(url) == url
