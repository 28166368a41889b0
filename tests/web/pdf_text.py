"""The text of a PDF file as `pdf_files.join` writes it: bytes in, what each page says out."""

import re
import zlib

_OBJECT = re.compile(rb"\b(\d+) 0 obj\n(.*?)\nendobj\n", re.DOTALL)
_FONT = re.compile(rb"/(\w+) (\d+) 0 R")
_SHOWN = re.compile(rb"/(\w+) [\d.]+ Tf|\(((?:[^()\\]|\\.)*)\) Tj|<([0-9A-Fa-f]+)> Tj|/(\w+) Do", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_SAID = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages(file: bytes) -> list[str]:
    """The text of every page, letters in the order in which they are drawn."""
    objects = {int(match[1]): match[2] for match in _OBJECT.finditer(file)}
    return [_shown(body, objects) for body in objects.values() if re.search(rb"/Type /Page\b", body)]


def _shown(body: bytes, objects: dict[int, bytes]) -> str:
    contents = re.search(rb"/Contents (\d+) 0 R", body)
    stream = _stream(objects[int(contents[1])] if contents else body)
    fonts = {name: _letters(int(number), objects) for name, number in _resources(b"Font", body)}
    forms = dict(_resources(b"XObject", body))
    letters: dict[int, str] = {}
    found = ""
    for font, plain, hexadecimal, form in _SHOWN.findall(stream):
        if font:
            letters = fonts[font]
        elif form:
            if int(forms[form]) in objects and b"/Subtype /Form" in objects[int(forms[form])]:
                found += _shown(objects[int(forms[form])], objects)
        else:
            codes = bytes.fromhex(hexadecimal.decode()) if hexadecimal else _ESCAPE.sub(_escaped, plain)
            found += "".join(
                letters[int.from_bytes(codes[n : n + 2], "big")] for n in range(0, len(codes), 2)
            )
    return found


def _resources(kind: bytes, body: bytes) -> list[tuple[bytes, bytes]]:
    found = re.search(rb"/" + kind + rb" <<(.*?)>>", body.partition(b"stream\n")[0], re.DOTALL)
    return _FONT.findall(found[1]) if found else []


def _letters(font: int, objects: dict[int, bytes]) -> dict[int, str]:
    to_unicode = re.search(rb"/ToUnicode (\d+) 0 R", objects[font])
    assert to_unicode is not None
    said = _stream(objects[int(to_unicode[1])])
    pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>\n", said.partition(b"beginbfchar")[2])
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def _stream(body: bytes) -> bytes:
    says, _, content = body.partition(b"stream\n")
    content = content.rpartition(b"\nendstream")[0]
    return zlib.decompress(content) if b"/FlateDecode" in says else content


def _escaped(match: "re.Match[bytes]") -> bytes:
    said = match[1]
    return bytes([int(said, 8)]) if said[:1].isdigit() else _SAID.get(said, said)
