"""Codes of languages as services name them: `english`, `English`, `en`, `en-US`, `castilian`."""

from __future__ import annotations

from typing import Final

from processors.languages import LANGUAGES

# English names as Whisper's hosted form answers them, in the order of their codes.
_NAMES: Final = (
    "afrikaans=af amharic=am arabic=ar assamese=as azerbaijani=az bashkir=ba belarusian=be bulgarian=bg bengali=bn "
    "tibetan=bo breton=br bosnian=bs catalan=ca czech=cs welsh=cy danish=da german=de greek=el english=en spanish=es "
    "estonian=et basque=eu persian=fa finnish=fi faroese=fo french=fr galician=gl gujarati=gu hausa=ha hawaiian=haw "
    "hebrew=he hindi=hi croatian=hr haitian_creole=ht hungarian=hu armenian=hy indonesian=id icelandic=is italian=it "
    "japanese=ja javanese=jw georgian=ka kazakh=kk khmer=km kannada=kn korean=ko latin=la luxembourgish=lb lingala=ln "
    "lao=lo lithuanian=lt latvian=lv malagasy=mg maori=mi macedonian=mk malayalam=ml mongolian=mn marathi=mr malay=ms "
    "maltese=mt myanmar=my nepali=ne dutch=nl nynorsk=nn norwegian=no occitan=oc punjabi=pa polish=pl pashto=ps "
    "portuguese=pt romanian=ro russian=ru sanskrit=sa sindhi=sd sinhala=si slovak=sk slovenian=sl shona=sn somali=so "
    "albanian=sq serbian=sr sundanese=su swedish=sv swahili=sw tamil=ta telugu=te tajik=tg thai=th turkmen=tk "
    "tagalog=tl turkish=tr tatar=tt ukrainian=uk urdu=ur uzbek=uz vietnamese=vi yiddish=yi yoruba=yo cantonese=yue "
    "chinese=zh "
    # other names of the same ones
    "burmese=my valencian=ca flemish=nl haitian=ht letzeburgesch=lb pushto=ps panjabi=pa moldavian=ro moldovan=ro "
    "sinhalese=si castilian=es mandarin=zh farsi=fa filipino=tl iw=he in=id jv=jw nb=no "
)
_CODES: Final[dict[str, str]] = dict(pair.split("=") for pair in _NAMES.split())
# What `language` of a request takes: ISO 639-1, which has two letters; Whisper's `jw` is `jv` there.
_ISO_LETTERS: Final = 2


def code_of(name: str) -> str | None:
    """The code of `processors.languages` for a name or a tag, in any case; None for a language that we do not know."""
    plain = "_".join(name.strip().lower().split())
    tag = plain.replace("-", "_").split("_")[0]
    for candidate in (plain, tag):
        if candidate in LANGUAGES:
            return candidate
        if candidate in _CODES:
            return _CODES[candidate]
    return None


def iso_639_1(code: str | None) -> str | None:
    """A code as requests to a service have it; None when it has no such form."""
    if code == "jw":
        return "jv"
    return code if code is not None and len(code) == _ISO_LETTERS else None


__all__ = ["code_of", "iso_639_1"]
