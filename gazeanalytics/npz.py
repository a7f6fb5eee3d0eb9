"""Arrays from an .npz file that nobody vouches for: sizes are checked before reading, types before allocating."""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

__all__ = ["NpzError", "read_arrays"]


class NpzError(ValueError):
    """Why a file can't be read as arrays, without the file's name.

    Examples
    --------
    >>> read_arrays(Path("nowhere.npz"), [np.dtype("<f8")])
    Traceback (most recent call last):
    gazeanalytics.npz.NpzError: no such file
    """


def read_arrays(
    path: Path, dtypes: Collection[np.dtype], *, max_bytes: int = 2**30, max_arrays: int = 256, texts: bool = False
) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz file. Pickled objects are refused: they could run code.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    dtypes : collection of numpy.dtype
        Types that an array may have.
    max_bytes, max_arrays : int
        Limits of the whole file, unpacked.
    texts : bool
        Whether an array may also be text.

    Raises
    ------
    NpzError
        If the file is absent, too large, damaged, or holds another type of array.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > max_arrays or sum(member.file_size for member in members) > max_bytes:
                raise NpzError(f"is larger than {max_bytes >> 20} MB or has more than {max_arrays} arrays")
            return {
                member.filename.removesuffix(".npy"): _array_of(archive.read(member), dtypes, texts)
                for member in members
            }
    except FileNotFoundError:
        raise NpzError("no such file") from None
    except NpzError:
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
        raise NpzError("is damaged, or not a file saved by this package") from None


def _array_of(data: bytes, dtypes: Collection[np.dtype], texts: bool) -> np.ndarray:
    """One array from the bytes of a .npy file, as `numpy.load` would read it, but never larger than its bytes."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError("unknown version")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    known = dtype in dtypes or (texts and dtype.kind == "U")
    if not known or fortran or min(shape, default=0) < 0:
        raise ValueError("unknown type of array")
    if math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise ValueError("truncated array")
    return np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape).copy()
