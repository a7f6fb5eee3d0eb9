"""Arrays from an .npz file that nobody vouches for: sizes are checked before reading, types before allocating.

Rejected: `numpy.load`, which allocates what a header promises; and HDF5 or Parquet, whose readers are C code that
parses what a stranger sent.
"""

from __future__ import annotations

import math
import stat
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from gazeanalytics.saved_models.arrays import DTYPES, Fault

__all__ = ["read_arrays"]

# Far above any model of a study (a clustering of 100,000 readings takes 30 MB), far below what a machine can't hold.
_MAX_BYTES, _MAX_ARRAYS, _BLOCK = 2**29, 256, 2**20


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz file: numbers of the types of `DTYPES`, and text. No more is allocated than is there.

    Raises
    ------
    Fault
        If the file is absent, no plain file, too large, damaged, or holds another type of array, such as pickled
        objects, which could run code.

    Examples
    --------
    >>> read_arrays(Path("nowhere.npz"))
    Traceback (most recent call last):
    gazeanalytics.saved_models.arrays.Fault: no such file
    """
    try:
        # A pipe would wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise Fault("is not a file")
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MAX_ARRAYS or sum(member.file_size for member in members) > _MAX_BYTES:
                raise Fault(f"is larger than {_MAX_BYTES >> 20} MB or has more than {_MAX_ARRAYS} arrays")
            return {member.filename.removesuffix(".npy"): _array_of(archive, member) for member in members}
    except FileNotFoundError:
        raise Fault("no such file") from None
    except Fault:
        raise
    # What zipfile, zlib and NumPy's parser of headers raise on damaged bytes; NotImplementedError and RuntimeError
    # are those of unknown compression and of encryption; SyntaxError and TokenError those of a header's text.
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        TypeError,
        SyntaxError,
        tokenize.TokenError,
    ):
        raise Fault("is damaged, or not a file saved by this package") from None


def _array_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array of the archive, as `numpy.load` would read it, but never larger than its bytes."""
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise ValueError("unknown version")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        known = dtype in DTYPES.values() or dtype.kind == "U"
        if not known or min(shape, default=0) < 0:
            raise ValueError("unknown type of array")
        if math.prod(shape) * dtype.itemsize != member.file_size - stream.tell():
            raise ValueError("truncated array")
        # Fortran's order is that of the transposed array.
        return np.ascontiguousarray(_filled(stream, shape[::-1], dtype).T) if fortran else _filled(stream, shape, dtype)


def _filled(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """The rest of a stream as an array, without a second copy of it."""
    content = bytearray(math.prod(shape) * dtype.itemsize)
    for at in range(0, len(content), _BLOCK):
        wanted = min(_BLOCK, len(content) - at)
        content[at : at + wanted] = stream.read(wanted)
    # The read past the end checks the checksum; bytes that are missing would have made the content shorter.
    if stream.read(1) or len(content) != math.prod(shape) * dtype.itemsize:
        raise ValueError("truncated array")
    return np.frombuffer(content, dtype).reshape(shape) if content else np.empty(shape, dtype)
