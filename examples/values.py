"""Values out of line of docs/format.md: one blob, or lists of the blobs of their pieces."""
import struct

from nodes import need

MAX_WHOLE, MIN_PIECE, MAX_PIECE, MIN_LIST, MAX_LIST, MAX_LEVEL = 1 << 20, 16 << 10, 256 << 10, 32, 1024, 16


def value(record, address, length):
    """Returns the value that a leaf says has this address and length; `record` gives the bytes of a hash."""
    level, content = blob(record, address)
    need((level > 0) == (length > MAX_WHOLE), "a value is cut that is short, or not cut that is long")
    need(level == 0 or len(content) > 40, "a value has one piece")
    return part(record, address, length, level, True)


def part(record, address, length, level, is_last):
    """Returns what a blob of a level stands for; `is_last` if that is the end of the value."""
    found, content = blob(record, address)
    need(found == level, "a blob of another level")
    if level == 0:
        need(len(content) == length, "a value or a piece has another length")
        return content
    need(level <= MAX_LEVEL and len(content) % 40 == 0, "it is not a list")
    entries = list(struct.iter_unpack("<32sQ", content))
    need(1 <= len(entries) <= MAX_LIST and sum(size for _, size in entries) == length, "a list has another length")
    parts = []
    for n, (entry, size) in enumerate(entries, 1):
        is_end, ends = n == len(entries), n == MAX_LIST or n >= MIN_LIST and entry[0] == 0
        need(ends or not is_end or is_last, "a list ends early")
        need(is_end or not ends, "a list goes on where it must end")
        least = 1 if is_end and is_last else MIN_PIECE * MIN_LIST ** (level - 1)
        need(least <= size <= MAX_PIECE * MAX_LIST ** (level - 1), "a piece is too short or too long")
        parts.append(part(record, entry, size, level - 1, is_end and is_last))
    return b"".join(parts)


def blob(record, address):
    data = record(address)
    need(data[:4] == b"P\2\1\0" and len(data) > 4, "it is not a blob")
    need(data[4] > 0 or len(data) - 5 <= MAX_WHOLE, "a blob is too long")
    return data[4], data[5:]
