"""The sample through all agents, its speech recognised by a service: a real HTTP server, a real Kafka."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic import SecretStr

from processors.speech.wav import from_wav
from streams import results
from streams.admin import create_topics
from tests.openai_service import KEY, Asked, OpenAiService, Reply, failed, spoken
from tests.pipeline import Pipeline, request

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]


def counting(asked: Asked) -> Reply:
    """As many words as the sound has half seconds, so that the cost and the words of a chunk are known."""
    seconds = len(from_wav(asked.file)) / 16_000
    words = [(f"word{at}", at * 0.5, at * 0.5 + 0.4) for at in range(int(seconds * 2))]
    text = " ".join(word for word, _, _ in words) + "."
    return Reply(json.dumps(spoken(text, words, duration=seconds)).encode())


def test_a_service_hears_the_sample_and_the_local_model_when_it_is_down(cluster_settings, sample, tmp_path):
    changes = {"data_dir": tmp_path, "topic_prefix": "hosted-", "cache_url": "", "asr_backend": "openai"}
    changes |= {"openai_api_key": SecretStr(KEY), "asr_model": "tiny.en", "openai_timeout_s": 120.0}
    with OpenAiService(answer=counting) as service:
        settings = cluster_settings.model_copy(update={**changes, "openai_base_url": service.base_url})
        asyncio.run(create_topics(settings))
        with Pipeline(settings) as running:
            heard = running.process(request(sample, "heard"))[0]
            sent = len(service.asked)
            service._answer = lambda _: failed(400, "no more")
            local = running.process(request(sample, "local", language="en"))[0]
            found = [results.to_json(result, running.blobs) for result in (heard, local)]
    assert heard.status == local.status == "final"
    assert sent >= 3
    assert "openai:whisper-1" in heard.run.models
    assert "tiny.en" not in heard.run.models
    charged = sum(round(len(from_wav(asked.file)) / 16_000) for asked in service.asked[:sent])
    assert heard.run.cost_usd == pytest.approx(charged * 0.0001)
    said = " ".join(utterance["text"] for utterance in found[0]["transcript"])
    assert said.count("word0") == sent
    assert not any("speech" in note for note in heard.missing)
    assert local.run.cost_usd == 0
    assert "tiny.en" in local.run.models
    assert any("the local model did" in note and "no more" in note for note in local.missing)
    for log in settings.log_dir.rglob("*"):
        assert not log.is_file() or KEY not in log.read_text(errors="replace")
    assert KEY not in json.dumps(found)
