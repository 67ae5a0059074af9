#!/usr/bin/env python3
"""Checks proofs of what differs between two trees or two commits, by docs/format.md alone.

    difference.py PROOF BEFORE AFTER [NAMESPACE]   what must happen to the one to make it the other

BEFORE and AFTER are roots of trees, or commits or roots of catalogs if that is what the proof is about.

Each line is a key and its two values, as reader.py shows them; `-` is none. What is damaged or forged is
refused, with exit code 1."""
import hashlib
from bisect import bisect_left
from pathlib import Path

import reader
from nodes import load_child, load_root, need


def compare(before, after, load, bounds):
    """Yields the keys that two trees do not agree about, with both cells; `load` takes nodes in order."""
    start, end = bounds
    stacks = [[], []]
    if before == after:
        return

    def open_node(stack, node, before=None):
        first = bisect_left(node.keys, start[1]) if start[0] else 0
        until = bisect_left(node.keys, end[1]) if end[0] else len(node.keys)
        first += node.keys[first : first + 1] == [start[1]] and start[0] == 2
        if node.level:
            until = min(until + 1, len(node.keys))
        else:
            until += node.keys[until : until + 1] == [end[1]] and end[0] == 1
        if first < until:
            stack.append([node, first, until, before])

    def advance(side):
        _, n, until, _ = stacks[side][-1]
        stacks[side][-1][1] += 1
        if n + 1 == until:
            stacks[side].pop()

    def step(side):
        node, n, _, before = stacks[side][-1]
        if node.level == 0:
            advance(side)
            return node.keys[n], node.cells[n]
        child = load_child(node, n, load)
        before = node.keys[n - 1] if n else before
        need(before is None or child.keys[0] > before, "a node begins too early")
        advance(side)
        open_node(stacks[side], child, before)

    for stack, top in zip(stacks, [load_root(before, load), load_root(after, load)]):
        open_node(stack, top)
    while stacks[0] or stacks[1]:
        at = [stack[-1] if stack else None for stack in stacks]
        sides = [0, 1]
        if not (at[0] and at[1]):
            sides = [0 if at[0] else 1]
        elif at[0][0].level != at[1][0].level:
            sides = [int(at[0][0].level < at[1][0].level)]
        else:
            (one, n, *_), (other, m, *_) = at
            if one.keys[n] == other.keys[m] and (
                    one.cells[n] == other.cells[m] if one.level else same(one.cells[n], other.cells[m])):
                advance(0), advance(1)
                continue
            if not one.level and one.keys[n] != other.keys[m]:
                sides = [int(one.keys[n] > other.keys[m])]
        found = [step(side) if side in sides else None for side in [0, 1]]
        if any(found):
            yield (found[0] or found[1])[0], *(entry and entry[1] for entry in found)


def same(one, other):
    """Says whether two cells have the same value; one that is stored whole is hashed as a blob."""
    if isinstance(one, tuple) == isinstance(other, tuple):
        return one == other
    (address, length), value = (one, other) if isinstance(one, tuple) else (other, one)
    return length == len(value) and hashlib.sha256(b"P\2\1\0\0" + value).digest() == address


def states(data, known, key):
    """Returns the proof about two trees in one about two states of a store, and the roots of the trees."""
    fields = reader.unseal(data, 4)
    entries = [reader.catalog_entry(fields, address, key) for address in known]
    proof = fields.long()
    fields.end()
    # A namespace that one state lacks is empty there, with the parameters that the other has.
    parameters = (entries[0] or entries[1])[36:76]
    empty = b"P\1\1\0" + hashlib.sha256(parameters).digest()[:8] + bytes(20)
    return proof, [entry[:32] or hashlib.sha256(empty).digest() for entry in entries]


def main(path, before, after, name="default"):
    data, roots = Path(path).read_bytes(), [bytes.fromhex(before), bytes.fromhex(after)]
    if data[9:10] == b"\4":
        data, roots = states(data, roots, name.encode() + b"\0data\0")
    reader.show(*reader.tree_proof(data, *roots, kind=3, read=compare))


if __name__ == "__main__":
    reader.run(main)
