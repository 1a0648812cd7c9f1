"""Reads the text of a slash command as it was meant, whatever the keyboard and Slack made of it."""

import html
import re

_MARKUP = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_DASHES = re.compile(r"^[\u2012-\u2015](?=\w)")
_QUOTES = {"“": "”", "„": "“", "«": "»", '"': '"', "‘": "’", "'": "'"}
_CLOSERS = {"“": '”“"', "„": '“”"', "«": '»"', '"': '"”“', "‘": "’'", "'": "'’"}


def read(text: str) -> list[str]:
    """Split a slash command's text into words.

    Curly quotes are quotes, a long dash before a word is `--`, `<mailto:a@b.c|a@b.c>` and `<https://…|…>` are what
    was typed, `<@U…|name>` becomes `<@U…>`, `<#C…|name>` becomes `#name`, and `&amp;` is `&`. An open quote reaches to
    the end. Any text can be read.
    """
    words: list[str] = []
    rest = text.strip()
    while rest:
        word, rest = _word(_DASHES.sub("--", rest))
        words.append(word)
        rest = rest.lstrip()
    return words


def _word(text: str) -> tuple[str, str]:
    parts: list[str] = []
    position = 0
    while position < len(text) and not text[position].isspace():
        character = text[position]
        if character in _QUOTES and (position == 0 or text[position - 1] == "="):
            inside, position = _quoted(text, position)
            parts.append(_plain(inside))
        elif markup := _MARKUP.match(text, position):
            parts.append(_meant(markup))
            position = markup.end()
        else:
            end = position + 1
            while end < len(text) and not text[end].isspace() and text[end] != "<" and text[end - 1] != "=":
                end += 1
            parts.append(html.unescape(text[position:end]))
            position = end
    return "".join(parts), text[position:]


def _quoted(text: str, start: int) -> tuple[str, int]:
    closers = _CLOSERS[text[start]]
    for end in range(start + 1, len(text)):
        if text[end] in closers and (end + 1 == len(text) or text[end + 1].isspace()):
            return text[start + 1 : end], end + 1
    return text[start + 1 :], len(text)


def _plain(text: str) -> str:
    pieces, position = [], 0
    for markup in _MARKUP.finditer(text):
        pieces += [html.unescape(text[position : markup.start()]), _meant(markup)]
        position = markup.end()
    return "".join([*pieces, html.unescape(text[position:])])


def _meant(markup: re.Match[str]) -> str:
    target, label = markup.groups()
    if target.startswith("#") and label:
        return f"#{html.unescape(label)}"
    if target.startswith(("@", "#", "!")):
        return f"<{target}>"
    if target.startswith("mailto:"):
        return html.unescape(label or target.removeprefix("mailto:"))
    return html.unescape(label or target)
