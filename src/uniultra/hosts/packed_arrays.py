"""Arrays as the nnInteractive protocol sends them: a head of type and shape, then chunks compressed by blosc2
(extra `nninteractive`).

The head: "NNIA", version 1, codec (1 Zstandard, 2 LZ4), number of axes, length of the type's name, that name,
int64 a side; then uint32 chunks, each with its plain and its packed length as uint64. All little endian.
"""

from __future__ import annotations

import math
import struct

import blosc2
import numpy as np

from uniultra.errors import PromptError

MAGIC, VERSION = b"NNIA", 1
MAX_UNPACKED = 512_000_000
"""Bytes of an array, unpacked."""
_TYPES = (
    "bool",
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
)
_HEAD, _COUNT, _CHUNK = struct.Struct("<4sBBBB"), struct.Struct("<I"), struct.Struct("<QQ")


def pack(array: np.ndarray) -> bytes:
    """An array of any of these types, in one chunk."""
    array = np.ascontiguousarray(array)
    name = array.dtype.name.encode("ascii")
    packed = blosc2.compress2(
        array.tobytes(),
        typesize=array.dtype.itemsize,
        codec=blosc2.Codec.ZSTD,
        clevel=1,
        filters=[blosc2.Filter.NOFILTER],
        nthreads=1,
    )
    head = _HEAD.pack(MAGIC, VERSION, 1, array.ndim, len(name)) + name
    shape = struct.pack(f"<{array.ndim}q", *array.shape)
    return head + shape + _COUNT.pack(1) + _CHUNK.pack(array.nbytes, len(packed)) + packed


def unpack(data: bytes) -> np.ndarray:
    """The array of a body. Raises PromptError: another format, truncated, over `MAX_UNPACKED`, or lengths
    that don't agree.
    """
    try:
        return _unpack(data)
    except (struct.error, UnicodeDecodeError, ValueError, RuntimeError) as error:
        raise PromptError(f"the array can't be unpacked ({type(error).__name__}); send it whole") from error


def _unpack(data: bytes) -> np.ndarray:
    magic, version, codec, axes, length = _HEAD.unpack_from(data)
    if (magic, version) != (MAGIC, VERSION) or codec not in (1, 2) or not 1 <= axes <= 4:
        raise PromptError(
            "the body is not a packed array of version 1 with 1 to 4 axes; use nninteractive-client 2"
        )
    at = _HEAD.size + length
    name = data[_HEAD.size : at].decode("ascii")
    shape = struct.unpack_from(f"<{axes}q", data, at)
    at += 8 * axes
    if name not in _TYPES or min(shape) < 1:
        raise PromptError(
            f"an array of {len(shape)} axes and another type than {', '.join(_TYPES)}; convert it"
        )
    dtype = np.dtype(name)
    size = math.prod(shape) * dtype.itemsize
    if size > MAX_UNPACKED:
        raise PromptError(
            f"the array has {size / 1e6:.0f} MB; the limit is {MAX_UNPACKED / 1e6:.0f} MB; crop it"
        )
    [count] = _COUNT.unpack_from(data, at)
    at, parts = at + _COUNT.size, []
    for _ in range(count):
        plain, packed = _CHUNK.unpack_from(data, at)
        chunk = data[at + _CHUNK.size : at + _CHUNK.size + packed]
        size -= plain
        if len(chunk) != packed or size < 0 or blosc2.get_cbuffer_sizes(chunk)[:2] != (plain, packed):
            raise PromptError("the array's lengths don't agree; send it whole")
        parts.append(blosc2.decompress2(chunk))
        at += _CHUNK.size + packed
    if size or sum(map(len, parts)) != math.prod(shape) * dtype.itemsize:
        raise PromptError("the array is truncated; send it whole")
    return np.frombuffer(b"".join(parts), dtype).reshape(shape)
