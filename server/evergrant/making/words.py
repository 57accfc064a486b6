"""Words of other people's names and texts: split, joined, cleaned and cut to what our own files have."""

import re
import unicodedata
from collections.abc import Iterable

from evergrant.lint.names import SALES

LONGEST_NAME = 40
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_VERSION = re.compile(r"v[0-9]+(?:(?:alpha|beta|p)[0-9]+)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")
_MARKUP: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"```.*?(?:```|\Z)", re.DOTALL), " "),
    (re.compile(r"<!--.*?-->|<(?:script|style)\b.*?</(?:script|style)>", re.DOTALL), " "),
    (re.compile(r"</?[a-zA-Z][^<>]{0,300}>"), " "),
    (re.compile(r"!\[[^\]]{0,300}\]\([^)]{0,1000}\)"), " "),
    (re.compile(r"\[([^\]]{1,300})\]\([^)]{0,1000}\)"), r"\1"),
    (re.compile(r"^\s*(?:#{1,6}|[-*+>]|\|)\s+", re.MULTILINE), " "),
    (re.compile(r"\*{1,3}|`+|~~|\|"), ""),
    (re.compile(r"&(?:nbsp|amp|lt|gt|quot|#39);"), " "),
)


def split(name: str) -> list[str]:
    """The words of a name in any style, in lower case and ASCII."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return [word for word in _SEPARATORS.split(_CAMEL.sub("_", plain).lower()) if word]


def snake(name: str) -> str:
    """A name as our inputs have it; never empty."""
    joined = "_".join(split(name))[:LONGEST_NAME].strip("_") or "value"
    return joined if joined[0].isalpha() else f"n_{joined}"


def is_version(word: str) -> bool:
    """Whether a word is a version, such as v1 or v2beta1."""
    return _VERSION.fullmatch(word) is not None


def singular(word: str) -> str:
    """One of several."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    return word


def clean(text: str) -> str:
    """Prose on one line: without markup, praise and what cannot be printed."""
    for pattern, instead in _MARKUP:
        text = pattern.sub(instead, text)
    text = SALES.sub("", text)
    printable = "".join(character if character.isprintable() else " " for character in text)
    return re.sub(r"\s+([.,;:!?])(?=\s|$)", r"\1", " ".join(printable.split())).strip()


def prose(text: str, longest: int) -> str:
    """The first sentences that fit, else the beginning of the first; "" where there is none."""
    cleaned = clean(text[:20_000])
    sentences = _SENTENCE.split(cleaned)
    if not sentences[0]:
        return ""
    kept = sentences[0]
    if len(kept) > longest:
        return f"{_words_within(kept, longest - 4)} ..."
    for sentence in sentences[1:]:
        if len(kept) + 1 + len(sentence) > longest:
            break
        kept += f" {sentence}"
    return kept


def _words_within(text: str, longest: int) -> str:
    cut = text[: longest + 1]
    return (cut.rpartition(" ")[0] or cut[:longest]).rstrip(" ,;:.(-")


def sentence(text: str) -> str:
    """The text with a full stop at its end."""
    return text if not text or text.endswith(".") else f"{text.rstrip(' ,;:!?')}."


def unique(name: str, taken: Iterable[str]) -> str:
    """The name, with a number where it is taken."""
    known = set(taken)
    numbered = (f"{name[: LONGEST_NAME - 3]}_{number}" for number in range(2, len(known) + 3))
    return name if name not in known else next(each for each in numbered if each not in known)
