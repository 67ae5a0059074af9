#!/usr/bin/env python3
"""Lists trees from packs and checks proofs: a reader of docs/format.md that shares no code with us.

    reader.py list PACK HASH [NAMESPACE]      the entries below a commit or the root of a tree
    reader.py verify PROOF HASH [NAMESPACE]   what a proof shows to who knows the root or the commit

Keys and values are hexadecimal, an entry a line; a value out of line that is not at hand is `@`, its
hash and its length. What is damaged or forged is refused, with exit code 1."""
import hashlib, struct, sys, zlib
from pathlib import Path

from nodes import Fields, Node, Refused, need, walk
from values import value


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
    entry, tree = catalog_entry(fields, known, key), fields.long()
    fields.end()
    need(bool(entry) == bool(tree), "its parts are about different things")
    return tree_proof(tree, entry[:32]) if tree else ([], [])


def catalog_entry(fields, known, key):
    """Returns what the catalog of a commit, or the one with this root, has for a namespace; b"" for none."""
    commit, catalog = fields.long(), fields.long()
    if commit:
        need(hashlib.sha256(commit).digest() == known and commit[:4] == b"P\3\1\0", "another commit")
    bounds, found = tree_proof(catalog, commit[4:36] if commit else known)
    need(bounds == [(1, key)] * 2, "it is about another namespace")
    return found[0][1] if found else b""


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
