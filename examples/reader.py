#!/usr/bin/env python3
"""Lists trees from packs and checks proofs: a reader of docs/format.md that shares no code with us.

    reader.py list PACK HASH [NAMESPACE]      the entries below a commit or the root of a tree
    reader.py verify PROOF HASH [NAMESPACE]   what a proof shows to who knows the root or the commit

Keys and values are hexadecimal, an entry a line; a value out of line that is not at hand is `@`, its
hash and its length. What is damaged or forged is refused, with exit code 1."""
import hashlib, struct, sys, zlib
from bisect import bisect_left
from pathlib import Path


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
        need(data[:4] == b"P\1\1\0" and len(data) >= 32, "it is not a node")
        self.fingerprint, self.level, keys, width, extra, count, prefix, _, key_size, cell_size = (
            struct.unpack_from("<8sBBBBIHHII", data, 4))
        need(count <= len(data) // 8, "it is cut off")
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
        prefix, tails = fields.take(prefix), fields.pieces(ends)
        self.keys = [prefix + head[:length] + tail for head, length, tail in zip(heads, lengths, tails)]
        need(all(a < b for a, b in zip(self.keys, self.keys[1:])), "keys do not ascend")
        if leaf:
            self.cells = [(c[:32], int.from_bytes(c[32:], "little")) if outside >> n & 1 else c
                          for n, c in enumerate(fields.pieces(places))]
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


def unseal(data, kind):
    need(data[:10] == b"PROLPROF" + bytes([1, kind]), "it is no proof of this kind")
    need(hashlib.sha256(data[:-8]).digest()[:8] == data[-8:], "its seal is broken")
    return Fields(data[:-8], 10)


def tree_proof(data, *roots, kind=1, read=lambda root, load, bounds: walk(root, load, *bounds)):
    """Returns the bounds and the entries that a proof about a tree shows."""
    fields = unseal(data, kind)
    bounds = [(fields.number(1), fields.long()) for _ in range(2)]
    need(all(kind < 3 and (kind or not key) for kind, key in bounds), "an unknown bound")
    nodes = iter([fields.long() for _ in range(fields.number(4))])
    fields.end()

    def load(address):
        node = next(nodes, b"")
        need(hashlib.sha256(node).digest() == address, "a node is missing, or another one")
        return Node(node)

    entries = list(read(*roots, load, bounds))
    need(next(nodes, None) is None, "it has nodes that nothing asks for")
    return bounds, entries


def store_proof(data, known, key):
    fields = unseal(data, 2)
    commit, catalog, tree = fields.long(), fields.long(), fields.long()
    fields.end()
    if commit:
        need(hashlib.sha256(commit).digest() == known and commit[:4] == b"P\3\1\0", "another commit")
    bounds, found = tree_proof(catalog, commit[4:36] if commit else known)
    need(bounds == [(1, key)] * 2, "it is about another namespace")
    need(bool(found) == bool(tree), "its parts are about different things")
    return tree_proof(tree, found[0][1][:32]) if tree else ([], [])


def open_pack(data):
    """Returns a function from hashes to records."""
    need(data[:16] == b"PROLPACK\1" + bytes(7) and data[-8:] == b"PROLPEND", "it is not a pack")
    need(zlib.crc32(data[-48:-12]) == int.from_bytes(data[-12:-8], "little"), "a damaged footer")
    count, _, start, crc = struct.unpack_from("<QQQI", data, len(data) - 48)
    end = start + 64 * count
    need(end + (count + 63) // 64 * 36 + 48 == len(data) and zlib.crc32(data[end:-48]) == crc, "damaged fences")
    index = {data[at : at + 32]: struct.unpack_from("<QqIII", data, at + 32) for at in range(start, end, 64)}

    def record(address):
        need(address in index, f"the pack has no record {address.hex()}")
        offset, _, _, _, size = index[address]
        need(hashlib.sha256(data[offset : offset + size]).digest() == address, "a damaged record")
        return data[offset : offset + size]

    return record


def value(record, address, length):
    """Returns a value out of line; a long one is listed, and lists are listed."""
    blob = record(address)
    need(blob[:4] == b"P\2\1\0" and len(blob) > 4, "it is not a blob")
    entries = struct.iter_unpack("<32sQ", blob[5:]) if blob[4] else []
    found = b"".join(value(record, *entry) for entry in entries) if blob[4] else blob[5:]
    need(len(found) == length, "a value has another length")
    return found


def list_tree(record, address, key):
    load = lambda address: Node(record(address))
    if record(address)[:4] == b"P\3\1\0":
        address = dict(walk(record(address)[4:36], load)).get(key, b"")[:32]
    for name, cell in walk(address, load) if address else ():
        yield name, value(record, *cell) if isinstance(cell, tuple) else cell


def main(verb, path, known, name="default"):
    data, known, key = Path(path).read_bytes(), bytes.fromhex(known), name.encode() + b"\0data\0"
    if verb == "list":
        bounds, entries = [], list_tree(open_pack(data), known, key)
    else:
        bounds, entries = store_proof(data, known, key) if data[9:10] == b"\2" else tree_proof(data, known)
    show(bounds, entries)


def show(bounds, entries):
    for side, (kind, bound) in zip(["from", "to"], bounds):
        print("#", side, ["no bound", "including", "excluding"][kind], bound.hex())
    for name, *cells in entries:
        shown = [f"@{cell[0].hex()} {cell[1]}" if isinstance(cell, tuple) else "-" if cell is None else cell.hex()
                 for cell in cells]
        print(name.hex(), *shown)


def run(main):
    try:
        main(*sys.argv[1:])
    except (Refused, struct.error) as refusal:
        sys.exit(f"refused: {refusal}")


if __name__ == "__main__":
    run(main)
