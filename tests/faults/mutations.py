"""Damage to the bytes of a file: what disks, transfers, spreadsheets and people do to data."""

import re
from collections.abc import Callable

from hypothesis import strategies as st

NUMBERS = [
    "nan", "NaN", "NA", "", "inf", "-inf", "1e400", "1e308", "-1e308", "1e39", "1e20", "9.96921e+36", "-999",
    "-9999", "-0.0", "abc", "1,5", "1.234,5", "0x10", "99999999999999999999999999", "1e-320", "٣", "--5", "1 2",
    "=A1+B1", "#REF!", "\x00", "None",
]  # fmt: skip
DATES = [
    "9999-12-31", "0000-00-00", "2000-02-30", "1500-01-01", "2262-04-12", "1677-09-21", "-2000-01-01", "12/31/2000",
    "31.12.2000", "2000-01-01T00:00:00+02:00", "2000-01-01 12:00", "20000101", "946684800", "2000-13-01", "", "NaT",
    "now",
]  # fmt: skip
SPLICES = [
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\n\n\n", b",", b";", b"\t", b'"', b"'", b"\\",
    b"\x1a", b"#", b"%", b"{", b"<script>", b"\xc3\x28", "ä".encode("latin-1"), b"\x80\x04\x95", b"-", b"9" * 400,
    b" " * 50,
]  # fmt: skip
OTHER_FILES = [
    b"", b"\x00" * 512, b"<html><body>404 Not Found</body></html>", b"\x89HDF\r\n\x1a\n" + bytes(100), b"PK\x03\x04",
    b"\n", b"PAR1PAR1", b"version https://git-lfs.github.com/spec/v1\n",
]  # fmt: skip
SEPARATORS = [",", ";", "\t", "|", " "]

Step = tuple[str, float, float, int]


def _span(data: bytes, begin: float, length: float) -> tuple[int, int]:
    start = int(begin**2 * len(data))  # headings, at the beginning, decide most
    return start, min(len(data), start + 1 + int(length**3 * len(data)))


def _flip(data: bytes, a: float, b: float, n: int) -> bytes:
    if not data:
        return data
    place, changed = int(a**2 * len(data)), bytearray(data)
    changed[place] ^= 1 << n % 8
    return bytes(changed)


def _cut(data: bytes, a: float, b: float, n: int) -> bytes:
    return data[: int(a * len(data))]


def _behead(data: bytes, a: float, b: float, n: int) -> bytes:
    return data[int(a**2 * len(data)) :]


def _lose(data: bytes, a: float, b: float, n: int) -> bytes:
    start, stop = _span(data, a, b)
    return data[:start] + data[stop:]


def _repeat(data: bytes, a: float, b: float, n: int) -> bytes:
    start, stop = _span(data, a, b)
    return data[:stop] + data[start:stop] * (1 + n % 3) + data[stop:]


def _blank(data: bytes, a: float, b: float, n: int) -> bytes:
    start, stop = _span(data, a, b)
    return data[:start] + bytes([n % 256]) * (stop - start) + data[stop:]


def _splice(data: bytes, a: float, b: float, n: int) -> bytes:
    start, _ = _span(data, a, b)
    return data[:start] + SPLICES[n % len(SPLICES)] + data[start:]


def _replace(data: bytes, a: float, b: float, n: int) -> bytes:
    """Other content altogether."""
    return OTHER_FILES[n % len(OTHER_FILES)]


def _textual(change: Callable[[str, float, float, int], str]) -> Callable[[bytes, float, float, int], bytes]:
    """A change of text; bytes that are none come back as they are, since latin-1 keeps every byte."""

    def changed(data: bytes, a: float, b: float, n: int) -> bytes:
        text = change(data.decode("latin-1"), a, b, n)
        return text.encode("latin-1", "replace")

    return changed


def _lines(change: Callable[[list[str], float, float, int], list[str]]) -> Callable[[bytes, float, float, int], bytes]:
    return _textual(lambda text, a, b, n: "\n".join(change(text.split("\n"), a, b, n)))


def _token(pattern: str, hostile: list[str]) -> Callable[[bytes, float, float, int], bytes]:
    def change(text: str, a: float, b: float, n: int) -> str:
        found = list(re.finditer(pattern, text[:200_000]))
        if not found:
            return text
        first = int(a * len(found))
        last = first + 1 + int(b**4 * (len(found) - first))
        word = hostile[n % len(hostile)].encode().decode("latin-1")
        parts, end = [], 0
        for match in found[first:last]:
            parts += [text[end : match.start()], word]
            end = match.end()
        return "".join(parts) + text[end:]

    return _textual(change)


def _swap_lines(lines: list[str], a: float, b: float, n: int) -> list[str]:
    i, j = int(a * len(lines)), int(b * len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return lines


def _columns(lines: list[str], a: float, b: float, n: int) -> list[str]:
    """Two columns exchanged, or one lost, or one twice."""
    separator = max(SEPARATORS, key=lines[-2 if len(lines) > 1 else 0].count)
    rows = []
    for line in lines:
        cells = line.split(separator)
        i, j = int(a * len(cells)), int(b * len(cells))
        match n % 3:
            case 0:
                cells[i], cells[j] = cells[j], cells[i]
            case 1:
                del cells[i]
            case 2:
                cells.insert(i, cells[j])
        rows.append(separator.join(cells))
    return rows


def _encode(data: bytes, a: float, b: float, n: int) -> bytes:
    encoding = ["utf-16", "utf-16-be", "utf-8-sig", "utf-32", "cp037", "utf-7"][n % 6]
    return data.decode("latin-1").encode(encoding, "replace")


MUTATIONS: dict[str, Callable[[bytes, float, float, int], bytes]] = {
    "flip": _flip,
    "cut": _cut,
    "behead": _behead,
    "lose": _lose,
    "repeat": _repeat,
    "blank": _blank,
    "splice": _splice,
    "replace": _replace,
}
TEXTUAL: dict[str, Callable[[bytes, float, float, int], bytes]] = {
    "number": _token(r"(?<=[\s,;])-?\d+\.\d+", NUMBERS),
    "date": _token(r"(?m)^\d{4}-\d\d-\d\d", DATES),
    "word": _token(r"[A-Za-z_]{2,}", ["", "date", "Ä", "x" * 300, "precipitation", "basin", "1", "\t", "nan"]),
    "swap_lines": _lines(_swap_lines),
    "reverse_lines": _lines(lambda lines, a, b, n: [*lines[: n % 5], *lines[n % 5 :][::-1]]),
    "columns": _lines(_columns),
    "crlf": _textual(lambda text, a, b, n: text.replace("\n", ["\r\n", "\r", "\n\n", "\n\r"][n % 4])),
    "separator": _textual(
        lambda text, a, b, n: text.replace(SEPARATORS[n % 5], SEPARATORS[n // 5 % 5], -1 if b < 0.5 else int(a * 1000))
    ),
    "comma": _textual(lambda text, a, b, n: text.replace(".", ",")),
    "encode": _encode,
}


def mutate(data: bytes, steps: list[Step]) -> bytes:
    """The bytes after some steps of damage."""
    for name, a, b, n in steps:
        data = (MUTATIONS | TEXTUAL)[name](data, a, b, n)
    return data


def damage(text: bool) -> st.SearchStrategy[list[Step]]:
    """One to three steps of damage, for text or for any file."""
    names = sorted(MUTATIONS) + (sorted(TEXTUAL) * 2 if text else [])
    part = st.floats(0, 1, exclude_max=True, width=32)
    return st.lists(st.tuples(st.sampled_from(names), part, part, st.integers(0, 255)), min_size=1, max_size=3)
