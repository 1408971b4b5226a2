"""Settings: one model, unknown names refused, the same for child processes."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest

import streams.settings as settings_module
from processors.content.categories import OTHER
from processors.parameters import parameters
from processors.speech.choice import TierChanges
from streams.cli.embedded import models_for
from streams.connection import client_options, faust_credentials
from streams.reading import load_settings, shown, to_environment
from streams.settings import Settings, SettingsError
from tests.unit.segments.test_platforms import OWN


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLIPSTREAM_DATA_DIR", str(tmp_path / "data"))


def test_environment_file_toml_and_flags_in_order(tmp_path, monkeypatch):
    Path("clipstream.toml").write_text("retries = 1\nworkers = 7\n")
    Path(".env").write_text("CLIPSTREAM_RETRIES=2\n")
    assert (load_settings().retries, load_settings().workers) == (2, 7)
    monkeypatch.setenv("CLIPSTREAM_RETRIES", "4")
    assert load_settings().retries == 4
    assert load_settings(retries=5).retries == 5


@pytest.mark.parametrize("where", ["environment", "toml", "dotenv"])
def test_unknown_names_are_refused(where, monkeypatch):
    if where == "environment":
        monkeypatch.setenv("CLIPSTREAM_RETRYS", "3")
    elif where == "toml":
        Path("clipstream.toml").write_text("retrys = 3\n")
    else:
        Path(".env").write_text("CLIPSTREAM_RETRYS=3\n")
    with pytest.raises(SettingsError, match=r"(?i)retrys"):
        load_settings()


def test_lines_of_other_programs_in_the_env_file_are_passed_over():
    Path(".env").write_text("VIDEOS_DIR=/videos\nCLIPSTREAM_RETRIES=2\n")
    assert load_settings().retries == 2


def test_a_near_name_is_suggested(monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_RETRYS", "3")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "CLIPSTREAM_RETRIES" in caught.value.remedy


def test_values_out_of_range_name_the_setting(monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_WORKERS", "0")
    with pytest.raises(SettingsError, match="CLIPSTREAM_WORKERS"):
        load_settings()


def test_a_set_that_is_not_json_names_the_setting(monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_ALLOWED_HOSTS", "films.example,other.example")
    with pytest.raises(SettingsError, match="allowed_hosts") as caught:
        load_settings()
    assert '["a", "b"]' in caught.value.remedy


@pytest.mark.parametrize("name", ["CATEGORIES", "ASR_PROFILES"])
@pytest.mark.parametrize("value", ["{bad", "=cats.json", '["a"]'])
def test_the_remedy_for_an_object_that_is_none_is_taken(name, value, monkeypatch):
    monkeypatch.setenv(f"CLIPSTREAM_{name}", value)
    with pytest.raises(SettingsError, match=f"(?i){name}") as caught:
        load_settings()
    monkeypatch.setenv(f"CLIPSTREAM_{name}", caught.value.remedy.partition("like: ")[2])
    assert getattr(load_settings(), name.lower())


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"": "honey"}, "a category has no name"),
        ({" ": "honey"}, "a category has no name"),
        ({"bees": "honey", "Other": "else"}, "'Other' is what is near to none"),
        ({"bees": ""}, "'bees' has no description"),
        ({"bees": " ; "}, "'bees' has no description"),
    ],
)
def test_categories_without_a_meaning_are_refused(value, reason, monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_CATEGORIES", json.dumps(value))
    with pytest.raises(SettingsError, match=f"CATEGORIES is not valid: {reason}"):
        load_settings()


def test_a_file_of_platforms_is_checked_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_PLATFORMS_FILE", "own.json")
    with pytest.raises(SettingsError, match=r"PLATFORMS_FILE is not valid: .*own\.json cannot be read: No such file"):
        load_settings()
    Path("own.json").write_text('{"platforms": {"ours": {"name": "Ours", "max_ms": 0}}}')
    with pytest.raises(SettingsError, match=r"own\.json: platforms\.ours\.\w+: "):
        load_settings()


def test_platforms_of_ones_own_steer_and_reach_children_and_other_folders(tmp_path, monkeypatch):
    Path("own.json").write_text(json.dumps({"platforms": {"ours": OWN}}))
    monkeypatch.setenv("CLIPSTREAM_PLATFORMS_FILE", "own.json")
    settings = load_settings()
    assert settings.platforms_file == tmp_path / "own.json"  # absolute: workers may run elsewhere
    assert to_environment(settings)["CLIPSTREAM_PLATFORMS_FILE"] == str(tmp_path / "own.json")
    assert set(settings.steering.platforms) == {"ours"}
    assert Settings().steering.platforms == settings.steering.platforms
    monkeypatch.setenv("CLIPSTREAM_PLATFORMS_FILE", "")
    assert load_settings().steering.platforms == {}


def test_the_name_of_what_is_in_no_category_is_that_of_the_topics():
    assert settings_module._OTHER_CATEGORY == OTHER


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("BROKER_URL", "http://x", "kafka://host:9092"),
        ("BROKER_URL", "kafka://h:abc", "kafka://host:9092"),
        ("BROKER_URL", "kafka://h:70000", "kafka://host:9092"),
        ("BROKER_URL", "kafka://", "kafka://host:9092"),
        ("BROKER_URL", "kafka://a:1;", "kafka://host:9092"),
        ("CACHE_URL", "foo", "redis://host:6379/0"),
        ("CACHE_URL", "http://h:1", "redis://host:6379/0"),
        ("ALLOWED_SCHEMES", '["ftp"]', "'ftp' is none of file, http, https"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL"),
    ],
)
def test_values_of_another_form_name_the_setting_and_the_form(name, value, reason, monkeypatch):
    monkeypatch.setenv(f"CLIPSTREAM_{name}", value)
    with pytest.raises(SettingsError, match=reason) as caught:
        load_settings()
    assert f"CLIPSTREAM_{name}" in caught.value.reason


def test_a_password_in_the_address_of_the_broker_is_refused_and_not_repeated(monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_BROKER_URL", "kafka://user:secretpw@127.0.0.1:1")
    with pytest.raises(SettingsError, match="CLIPSTREAM_SASL_PASSWORD") as caught:
        load_settings()
    assert "secretpw" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://user:SECRET@host/v1", "a user or a password"),
        ("https://SECRET@host/v1", "a user or a password"),
        ("https://host/v1?api_key=SECRET", "a query or a fragment"),
        ("https://host/v1#SECRET", "a query or a fragment"),
        ("https:///v1", "https://host/v1"),
        ("host/v1", "https://host/v1"),
        ("ftp://host/v1", "https://host/v1"),
        ("https://host/v 1", "https://host/v1"),
        ("https://[::1/v1", "https://host/v1"),
        ("https://host:99999/v1", "https://host/v1"),
        ("https://host:0/v1", "https://host/v1"),
        ("https://host:SECRET/v1", "https://host/v1"),
    ],
)
def test_what_is_no_plain_address_of_a_service_is_refused_and_not_repeated(url, reason, monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_OPENAI_BASE_URL", url)
    with pytest.raises(SettingsError, match=f"CLIPSTREAM_OPENAI_BASE_URL is not valid: .*{reason}") as caught:
        load_settings()
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["", "https://api.openai.com/v1", "http://127.0.0.1:8000", "http://[::1]:8000/v1/"])
def test_addresses_of_services_that_are_taken(url, monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_OPENAI_BASE_URL", url)
    assert load_settings().openai_base_url == url


@pytest.mark.parametrize("url", ["kafka://h", "kafka://h:1,i:2", "kafka://h:1;kafka://[::1]:9092", "h:1"])
def test_addresses_of_brokers_that_are_taken(url, monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_BROKER_URL", url)
    assert load_settings().broker_url == url


@pytest.mark.parametrize("name", ["clipstream.toml", ".env"])
def test_files_that_are_no_text_are_named(name):
    Path(name).write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_a_folder_in_place_of_the_file_is_refused():
    Path("clipstream.toml").mkdir()
    with pytest.raises(SettingsError, match="is a folder"):
        load_settings()


def test_the_remedy_for_broken_toml_is_taken():
    Path("clipstream.toml").write_text("what")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    Path("clipstream.toml").write_text(caught.value.remedy.partition(": ")[2])
    assert load_settings().log_level == "DEBUG"


def test_an_empty_path_is_the_default_and_not_the_current_folder(monkeypatch):
    for name in ("DATA_DIR", "CACHE_DIR", "MODELS_DIR", "VOICES_DIR", "SSL_CAFILE"):
        monkeypatch.setenv(f"CLIPSTREAM_{name}", "")
    settings = load_settings()
    assert settings.data_dir == Settings.model_fields["data_dir"].default
    assert settings.cache_dir == Settings.model_fields["cache_dir"].default
    assert (settings.models_dir, settings.voices_dir, settings.ssl_cafile) == (None, None, None)


def test_a_folder_of_voices_that_is_not_there_is_told_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("CLIPSTREAM_VOICES_DIR", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="there is no folder"):
        load_settings()
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "voices").mkdir()
    monkeypatch.setenv("CLIPSTREAM_VOICES_DIR", "~/voices")
    assert load_settings().voices_dir == tmp_path / "voices"


def test_a_recogniser_of_english_alone_needs_english(monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_ASR_MODEL", "tiny.en")
    monkeypatch.setenv("CLIPSTREAM_LANGUAGES", '["de"]')
    with pytest.raises(SettingsError, match="knows only English"):
        load_settings()
    monkeypatch.setenv("CLIPSTREAM_LANGUAGES", '["de", "en"]')
    assert load_settings().asr_model == "tiny.en"


def test_the_level_of_logs_is_taken_in_small_letters(monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_LOG_LEVEL", "debug")
    assert load_settings().log_level == "DEBUG"


def test_heartbeats_must_fit_into_a_session(monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_HEARTBEAT_S", "5")
    with pytest.raises(SettingsError, match="heartbeat_s"):
        load_settings()


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://:se:cret@h:1/0", "redis://:***@h:1/0"),
        ("redis://user:secret@h:1/0", "redis://user:***@h:1/0"),
        ("redis://user:se/c@r:et@h:1/0", "redis://user:***@h:1/0"),
        ("redis://u:one@h:1;redis://u:two@i:1", "redis://u:***@h:1;redis://u:***@i:1"),
        ("redis://h:1/0", "redis://h:1/0"),
    ],
)
def test_passwords_in_addresses_are_masked_for_people_and_not_for_children(url, masked, tmp_path):
    settings = Settings(data_dir=tmp_path, cache_url=url)
    assert shown(settings)["cache_url"] == masked
    assert to_environment(settings)["CLIPSTREAM_CACHE_URL"] == url


def test_children_see_the_same_settings(monkeypatch, tmp_path):
    original = Settings(data_dir=tmp_path, asr_model="tiny.en", broker_url="kafka://h:1", offline=True,
                        allowed_schemes=frozenset({"file", "https"}), openai_api_key="secret",
                        security_protocol="SASL_SSL", sasl_username="alice", sasl_password='p"\\ss wörd',
                        ssl_cafile=tmp_path / "ca.pem", registry_url="http://r:1/apis/ccompat/v7",
                        allowed_folders=frozenset({Path("/a'b"), Path('/c"d')}), languages=frozenset({"en", "es"}),
                        asr_profiles={"fast": TierChanges(small="base", noise=0.2)})  # fmt: skip
    for name, value in to_environment(original).items():
        monkeypatch.setenv(name, value)
    assert load_settings() == original


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("LANGUAGES", '["en", "xx"]', "'xx' is no language"),
        ("ASR_PROFILES", '{"fast": {"small": "yunet"}}', "there is no recogniser 'yunet'"),
        ("ASR_PROFILES", '{"quick": {}}', "'fast', 'balanced' or 'best'"),
        ("ASR_DEVICE", "tpu", "'auto', 'cpu' or 'cuda'"),
    ],
)
def test_what_recognition_cannot_do_is_refused(monkeypatch, name, value, reason):
    monkeypatch.setenv(f"CLIPSTREAM_{name}", value)
    with pytest.raises(SettingsError, match=reason):
        load_settings()


def test_secrets_are_masked():
    settings = Settings(**SECURED, openai_api_key="hush-hush")
    assert "hush" not in settings.model_dump_json()
    assert "hush" not in repr(settings)
    assert "hush" not in repr(faust_credentials(settings))


SECURED = {"broker_url": "kafka://h:1", "security_protocol": "SASL_SSL", "sasl_username": "a", "sasl_password": "hush"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({**SECURED, "sasl_username": ""}, "go together"),
        ({**SECURED, "sasl_password": ""}, "go together"),
        ({**SECURED, "security_protocol": "SSL"}, "SASL_PLAINTEXT or SASL_SSL"),
        ({**SECURED, "security_protocol": "PLAINTEXT"}, "SASL_PLAINTEXT or SASL_SSL"),
        ({**SECURED, "broker_url": ""}, "needs broker_url"),
        ({**SECURED, "ssl_keyfile": "/key.pem"}, "goes with ssl_certfile"),
        ({**SECURED, "security_protocol": "SASL_PLAINTEXT", "ssl_cafile": "/ca.pem"}, "SSL or SASL_SSL"),
        ({**SECURED, "sasl_mechanism": "GSSAPI"}, "SASL_MECHANISM"),
        ({**SECURED, "registry_url": "http://user:word@registry"}, "REGISTRY_URL"),
        ({**SECURED, "registry_url": "http://registry?key=word"}, "REGISTRY_URL"),
        ({**SECURED, "registry_url": "file:///etc/passwd"}, "REGISTRY_URL"),
    ],
)
def test_what_would_be_sent_in_the_clear_or_not_be_used_is_refused(values, reason):
    with pytest.raises(SettingsError, match=reason) as caught:
        load_settings(**values)
    told = "".join(traceback.format_exception(caught.value))
    assert "hush" not in told.replace(str(SECURED), "")


def test_files_for_tls_that_cannot_be_used_are_named(tmp_path):
    settings = Settings(**{**SECURED, "ssl_cafile": tmp_path / "ca.pem"})
    with pytest.raises(SettingsError, match=r"ca\.pem"):
        client_options(settings)
    (tmp_path / "ca.pem").write_text("nothing of the kind")
    with pytest.raises(SettingsError, match=r"ca\.pem"):
        client_options(settings)


def test_without_a_broker_the_remedy_is_told():
    with pytest.raises(SettingsError) as caught:
        load_settings().bootstrap_servers()
    assert "clipstream up" in caught.value.remedy


def test_addresses_for_aiokafka():
    assert Settings(broker_url="kafka://a:1;kafka://b:2").bootstrap_servers() == "a:1,b:2"


def test_own_categories_reach_the_workers(monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_CATEGORIES", '{"bees": "honey; hives"}')
    settings = load_settings()
    assert settings.categories == {"bees": "honey; hives"}
    assert json.loads(to_environment(settings)["CLIPSTREAM_CATEGORIES"]) == settings.categories


def test_own_words_reach_the_workers(monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_VISION_LABELS", '["referee", " goal "]')
    settings = load_settings()
    assert settings.vision_labels == {"goal", "referee"}
    assert settings.steering.vision_labels == ("goal", "referee")
    assert "clip-vit-base-patch32" in models_for(settings, ["fast"])
    assert set(json.loads(to_environment(settings)["CLIPSTREAM_VISION_LABELS"])) == settings.vision_labels


@pytest.mark.parametrize("value", ['[""]', '["  "]', '["a\\nb"]', f'["{"x" * 61}"]', "goal"])
def test_what_is_no_word_is_refused(value, monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_VISION_LABELS", value)
    with pytest.raises(SettingsError):
        load_settings()


def test_without_words_their_model_is_not_needed():
    assert "clip-vit-base-patch32" not in models_for(load_settings(), ["fast"])


def test_a_limit_of_chunks_steers_their_stage_and_the_usual_one_changes_no_digest():
    usual, short = Settings(), Settings(chunk_max_s=15.0)
    assert "chunk_ms" not in usual.steering.decisive()
    assert short.steering.decisive()["chunk_ms"] == 15_000
    keys = [parameters("audio-extractor", {}, one.steering) for one in (usual, short)]
    assert (keys[0].get("chunk_ms"), keys[1]["chunk_ms"]) == (None, 15_000)
