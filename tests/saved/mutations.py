"""Damaged copies of a saved model: bytes, headers and tensors that say something else.

No test lives here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

Random = np.random.Generator
Mutation = Callable[[bytes, Random], bytes]

_STRANGE: list[Any] = [
    *[None, True, False, 0, 1, -1, 2, 3, 2**31, 2**63 - 1, 2**63, -(2**63), 10**30],
    *[0.5, -0.0, 1e308, float("nan"), float("inf"), -float("inf")],
    *["", "a", "auto", "float16", "<U9", "<U1000000000", "|V8", "O", "M8[s]", "\ud800"],
    *[[], {}, [[]], [None], [0] * 50, {"a": 0}, {"pairs": [[[], 0]]}, {"tuple": [1]}],
]


def header_of(content: bytes) -> dict[str, Any]:
    """The model's own header in a safetensors file."""
    size = int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(
        json.loads(content[8 : 8 + size])["__metadata__"]["setpoint"]
    )
    return header


def assemble(header: Any, tensors: dict[str, NDArray[Any]]) -> bytes:
    """A file of this header and these tensors."""
    return save(tensors, {"setpoint": json.dumps(header)})


def mutated(content: bytes, random: Random) -> bytes:
    """A damaged copy: one to three things are changed, of one kind."""
    kinds: list[Mutation] = [
        _bytes,
        _bytes,
        _cut,
        _outer,
        _header,
        _header,
        _values,
        _values,
        _tensors,
    ]
    kind = kinds[random.integers(len(kinds))]
    for _ in range(random.integers(1, 4)):
        content = kind(content, random) if content else content
    return content


def _bytes(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for place in random.integers(len(changed), size=random.integers(1, 9)):
        changed[place] = random.integers(256)
    return bytes(changed)


def _cut(content: bytes, random: Random) -> bytes:
    first, last = sorted(random.integers(len(content), size=2))
    return [
        content[:first],
        content[:first] + content[last:],
        content[:last] + content[first:],
        content[:first] + bytes(last - first) + content[last:],
        content + content[first:last],
    ][random.integers(5)]


def _outer(content: bytes, random: Random) -> bytes:
    """Another length, or another entry of the table of tensors."""
    size = int.from_bytes(content[:8], "little")
    try:
        table = json.loads(content[8 : 8 + size])
    except ValueError:
        return content
    if random.random() < 0.2:
        other = int(random.choice([0, 1, size - 1, size + 1, 2**31, 2**62]))
        return other.to_bytes(8, "little") + content[8:]
    text = json.dumps(_other(table, random)).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def _other(value: Any, random: Random) -> Any:
    """The same JSON with one change somewhere in it."""
    if isinstance(value, dict | list) and value and random.random() < 0.9:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = keys[random.integers(len(keys))]
        changed = value.copy()
        if random.random() < 0.1:
            del changed[key]
        elif random.random() < 0.1:
            changed[key] = value[keys[random.integers(len(keys))]]
        else:
            changed[key] = _other(value[key], random)
        return changed
    if isinstance(value, int) and random.random() < 0.3:
        return value + int(random.integers(-2, 3))
    return _STRANGE[random.integers(len(_STRANGE))]


def _parts(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    return header_of(content), load(content)


def _header(content: bytes, random: Random) -> bytes:
    header, tensors = _parts(content)
    return assemble(_other(header, random), tensors)


def _values(content: bytes, random: Random) -> bytes:
    """Some numbers of a tensor are others: extremes, neighbours, or those of another place."""
    header, tensors = _parts(content)
    name = list(tensors)[random.integers(len(tensors))]
    flat = tensors[name].copy().reshape(-1)
    for place in random.integers(max(flat.size, 1), size=random.integers(1, 4)):
        if flat.size:
            flat[place] = _number(flat, place, random)
    return assemble(header, tensors | {name: flat.reshape(tensors[name].shape)})


def _number(flat: NDArray[Any], place: int, random: Random) -> Any:
    if flat.dtype.kind == "f":
        most = np.finfo(flat.dtype).max
        strange = [np.nan, np.inf, -np.inf, most, -most, 0, -1, 0.5, 1e-300, 2]
    else:
        limits = np.iinfo(flat.dtype)
        flipped = int(flat[place]) ^ (1 << int(random.integers(flat.dtype.itemsize * 8 - 1)))
        near = min(max(int(flat[place]) + int(random.integers(-1, 2)), limits.min), limits.max)
        strange = [limits.min, limits.max, 0, 1, flipped, near, flat[random.integers(flat.size)]]
    return strange[random.integers(len(strange))]


def _tensors(content: bytes, random: Random) -> bytes:
    """A tensor is missing, shorter, longer, of another shape or type, or stands for another."""
    header, tensors = _parts(content)
    names = list(tensors)
    name, other = (names[i] for i in random.integers(len(names), size=2))
    array = tensors.pop(name)
    with np.errstate(all="ignore"):
        changed = [
            None,
            array[:-1],
            np.concatenate([array, array]) if array.ndim else array[None],
            array[..., None],
            array.reshape(-1),
            array.T.copy(),
            array[:0],
            array.astype([np.float32, np.float64, np.int64, np.uint8][random.integers(4)]),
            tensors.get(other),
        ][random.integers(9)]
    if changed is not None:
        tensors[name] = np.ascontiguousarray(changed)
    return assemble(header, tensors)
