"""Local paths become absolute; URLs and dotted names stay what they are."""

import pytest

from alignet_ray.config.urls import absolute_plugins, absolute_url


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
