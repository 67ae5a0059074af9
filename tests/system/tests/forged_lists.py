"""Lists of pieces of values that no writer makes: `examples/values.py` refuses each, for its own reason."""
import hashlib
from itertools import count

from nodes import Refused
from values import MAX_LIST, MAX_PIECE, MIN_LIST, MIN_PIECE, value

records = {}


def put(level, content):
    data = b"P\2\1\0" + bytes([level]) + content
    address = hashlib.sha256(data).digest()
    records[address] = data
    return address


def piece(length, seed=0):
    return put(0, seed.to_bytes(8, "little") + bytes(length - 8)), length


def listed(level, entries, length=None):
    sizes = sum(size for _, size in entries)
    content = b"".join(address + size.to_bytes(8, "little") for address, size in entries)
    return put(level, content), sizes if length is None else length


def found(ending):
    """Returns a piece whose address ends a list, or one whose address does not."""
    pieces = (piece(MIN_PIECE, seed) for seed in count())
    return next(entry for entry in pieces if (entry[0][0] == 0) == ending)


def refused(entry, reason):
    try:
        value(records.__getitem__, *entry)
    except Refused as refusal:
        assert reason in str(refusal), f"{refusal} where {reason} is right"
        return
    raise AssertionError(f"not refused: {reason}")


def accepted(entry):
    assert len(value(records.__getitem__, *entry)) == entry[1]


most, least, ending, other = piece(MAX_PIECE), piece(MIN_PIECE), found(True), found(False)
full = [other] * (MIN_LIST + 40)
accepted(listed(1, [most] * 4 + [piece(9)]))
accepted(listed(1, full + [ending]))
accepted(listed(2, [listed(1, full + [ending]), listed(1, [piece(9)])]))
accepted(listed(1, [other] * MAX_LIST))
accepted(piece(1 << 20))

refused(listed(1, [most] * 5, 5 * MAX_PIECE + 1), "another length")
refused(listed(1, [most] * 4 + [(most[0], MAX_PIECE - 1)]), "another length")
refused(listed(1, [most] * 4 + [piece(9), most]), "too short or too long")
refused(listed(1, [most] * 4 + [piece(MAX_PIECE + 1)]), "too short or too long")
refused(listed(1, [piece(MAX_PIECE * 5)]), "one piece")
refused(listed(1, [least] * 2), "cut that is short")
refused(piece((1 << 20) + 1), "a blob is too long")
refused(listed(1, [piece((1 << 20) + 1)] * 2), "too short or too long")
refused(listed(1, full + [ending, other]), "goes on")
refused(listed(1, [other] * (MAX_LIST + 1)), "another length")
refused(listed(2, [listed(1, full), listed(1, full)]), "ends early")
refused(listed(2, [listed(1, full + [ending]), piece(9)]), "another level")
refused((put(1, b"\1" * 81), 5 * MAX_PIECE), "not a list")
refused(listed(17, [most] * 5), "not a list")
