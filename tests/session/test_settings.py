"""Settings outlive the window, and a broken file does no harm."""

from __future__ import annotations

import pytest

from lstmviz import paths
from lstmviz.session.settings import Settings, load_settings, save_settings
from lstmviz.session.state import SPEEDS, Session


def test_settings_come_back_as_they_were_written():
    session = Session()
    session.choose_theme("dark")
    session.choose_language("pt_BR")
    session.remember("/data/a b.csv")
    session.set_speed(5)
    session.show_signals(["h", "c"])
    settings = Settings(window_geometry="AAAA")
    settings.take_from(session)
    save_settings(settings)
    again = Session()
    load_settings().give_to(again)
    assert (again.theme, again.language, again.recent) == ("dark", "pt_BR", ("/data/a b.csv",))
    assert (again.speed, again.signals) == (5, ("h", "c"))
    assert load_settings().window_geometry == "AAAA"
    assert [path.name for path in paths.settings_folder().iterdir()] == ["settings.json"]


def test_without_a_file_the_defaults_are_used():
    assert load_settings() == Settings()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b'{"speed": "fast"}', b"\xff\xfe", b'{"recent": {}}', b'{"theme": "\xff"}']
)
def test_a_broken_file_is_kept_aside_and_the_defaults_are_used(content):
    paths.settings_file().write_bytes(content)
    assert load_settings() == Settings()
    assert not paths.settings_file().exists()
    assert paths.settings_file().with_name("settings.json.bad").read_bytes() == content


def test_a_broken_file_that_cannot_be_moved_does_no_harm_either():
    file = paths.settings_file()
    file.write_bytes(b"{")
    file.with_name("settings.json.bad").mkdir()
    assert load_settings() == Settings()


def test_values_that_mean_nothing_any_more_are_left_out():
    session = Session()
    Settings(theme="pink", language="xx", speed=1e9, signals=("nonsense",)).give_to(session)
    assert (session.theme_choice, session.language_choice) == ("system", "system")
    assert session.speed == SPEEDS[-1]
    assert session.signals == Session().signals


def test_fields_of_a_later_version_do_no_harm():
    paths.settings_file().write_text('{"theme": "dark", "holograms": true}', encoding="utf-8")
    assert load_settings().theme == "dark"


def test_a_place_that_cannot_be_written_is_survived(tmp_path, caplog):
    save_settings(Settings(), tmp_path / "gone" / "settings.json")
    assert "could not be written" in caplog.text


def test_the_size_of_everything_is_one_of_those_offered_and_is_kept():
    session = Session()
    session.choose_scale(1.6)
    assert session.scale == 1.5
    settings = Settings()
    settings.take_from(session)
    fresh = Session()
    settings.give_to(fresh)
    assert fresh.scale == 1.5
