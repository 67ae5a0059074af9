"""Nodes of docs/format.md, and the trees that they make: every length, order and total is checked."""
import struct
from bisect import bisect_left
from os.path import commonprefix


class Refused(Exception):
    pass


def need(holds, reason):
    if not holds:
        raise Refused(reason)


class Fields:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, count):
        self.at += count
        need(count >= 0 and self.at <= len(self.data), "it is cut off")
        return self.data[self.at - count : self.at]

    def number(self, width):
        return int.from_bytes(self.take(width), "little")

    def long(self):
        return self.take(self.number(4))

    def column(self, count, width):
        return [self.number(width) for _ in range(count)]

    def pieces(self, ends):
        return [self.take(end - start) for start, end in zip([0] + ends, ends)]

    def end(self):
        need(self.at == len(self.data), "something follows it")


class Node:
    """Cells are values of a leaf, as (hash, length) if out of line; or children: hash, entries, bytes."""

    def __init__(self, data):
        need(data[:4] == b"P\1\1\0" and 32 <= len(data) < 16 << 20, "it is not a node")
        self.fingerprint, self.level, keys, width, extra, count, prefix, reserved, key_size, cell_size = (
            struct.unpack_from("<8sBBBBIHHII", data, 4))
        need(reserved == 0 and count <= len(data) // 8, "reserved bytes are used, or it is cut off")
        fields, leaf = Fields(data, 32), self.level == 0
        heads = fields.pieces([8 * n + 8 for n in range(count)])
        lengths = fields.column(count, 1) if keys else [min(key_size, 8)] * count
        ends = fields.column(count, keys) if keys else [(n + 1) * max(key_size - 8, 0) for n in range(count)]
        if leaf:
            places = fields.column(count, width) if width else [(n + 1) * cell_size for n in range(count)]
            outside = int.from_bytes(fields.take((count + 7) // 8), "little") if extra else 0
        else:
            entries, sizes = fields.column(count, width), fields.column(count, extra)
            self.cells = [(fields.take(32), entries[n], sizes[n]) for n in range(count)]
        need(all(n <= 8 and not any(head[n:]) for n, head in zip(lengths, heads)), "a head is padded with something")
        prefix, tails = fields.take(prefix), fields.pieces(ends)
        need(all(n == 8 or not tail for n, tail in zip(lengths, tails)), "a short head has a tail")
        self.keys = [prefix + head[:length] + tail for head, length, tail in zip(heads, lengths, tails)]
        need(all(a < b for a, b in zip(self.keys, self.keys[1:])), "keys do not ascend")
        need((commonprefix(self.keys[:1] + self.keys[-1:]) or b"") == prefix, "the prefix is not all that keys share")
        if leaf:
            cells = fields.pieces(places)
            need(all(len(c) == 40 for n, c in enumerate(cells) if outside >> n & 1), "a cell that refers to nothing")
            self.cells = [(c[:32], int.from_bytes(c[32:], "little")) if outside >> n & 1 else c
                          for n, c in enumerate(cells)]
            values = sum(c[1] if isinstance(c, tuple) else len(c) for c in self.cells)
        self.totals = (count, values + sum(map(len, self.keys))) if leaf else (sum(entries), sum(sizes))
        need(leaf or count > 0, "an internal node without children")
        fields.end()


def walk(root, load, start=(0, b""), end=(0, b"")):
    """Yields the entries of a tree in a range; `load` gives the node of a hash."""

    def below(node, before):
        need(before is None or node.keys[0] > before, "a node begins before the one before it ends")
        first = bisect_left(node.keys, start[1]) if start[0] else 0
        until = bisect_left(node.keys, end[1]) if end[0] else len(node.keys)
        if node.level == 0:
            first += node.keys[first : first + 1] == [start[1]] and start[0] == 2
            until += node.keys[until : until + 1] == [end[1]] and end[0] == 1
            yield from zip(node.keys[first:until], node.cells[first:until])
            return
        last = len(node.keys) - 1
        first = min(first, last)
        for n in range(first, max(first, min(until, last)) + 1):
            yield from below(load_child(node, n, load), node.keys[n - 1] if n else before)

    yield from below(load_root(root, load), None)


def load_root(root, load):
    top = load(root)
    need(top.level == 0 or len(top.keys) > 1, "a root with one child")
    return top


def load_child(node, n, load):
    child = load(node.cells[n][0])
    need((child.fingerprint, child.level) == (node.fingerprint, node.level - 1)
         and child.keys[-1:] == [node.keys[n]] and child.totals == node.cells[n][1:],
         "a node does not fit its parent")
    return child
