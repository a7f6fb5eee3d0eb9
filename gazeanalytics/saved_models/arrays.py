"""Arrays of a file of a fitted model: their types, shapes and values, checked before any kernel sees them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from gazeanalytics.brief import Brief

__all__ = ["DTYPES", "Array", "Fault", "Part", "Store", "Texts"]

DTYPES = {
    "f": np.dtype("<f8"),
    "f4": np.dtype("<f4"),
    "i": np.dtype("<i8"),
    "u2": np.dtype("<u2"),
    "u": np.dtype("u1"),
}
"""All types of numbers that a file may hold; u1 are the bytes of text."""

# Checking covariances takes copies, and work that grows with the third power of the features: 2 s and 500 MB at most.
_MAX_COVARIANCES, _MAX_CUBES = 2**24, 2 * 10**9


class Fault(ValueError):
    """What is wrong with a part of a file; `naming` adds the file's name.

    Examples
    --------
    >>> Array(("groups",)).read(None, "shares", Store())
    Traceback (most recent call last):
    gazeanalytics.saved_models.arrays.Fault: array 'shares' is missing
    """


@dataclass(slots=True)
class Store(Brief):
    """Arrays of a file by name, the sizes that they share (groups, features, ...), the names of the groups."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    names: tuple[str, ...] = ()


class Part(Protocol):
    """One field of a model: how it is written and how it is checked and read.

    Examples
    --------
    >>> part: Part = Array((2,))
    >>> part.read(None, "shares", Store({"shares": np.array([0.4, 0.6])}))
    array([0.4, 0.6])
    """

    def write(self, value: Any, name: str, store: Store) -> Any:
        """Return what of the value is JSON; put its arrays into the store."""
        ...

    def read(self, stored: Any, name: str, store: Store) -> Any:
        """Return the value, or raise a Fault."""
        ...


def _check_shape(array: np.ndarray, shape: tuple[str | int, ...], name: str, store: Store) -> None:
    """Raise a Fault where an array hasn't the shape that it should have; sizes seen first are kept in the store."""
    fits = array.ndim == len(shape)
    for size, expected in zip(array.shape, shape, strict=False):
        known = expected if isinstance(expected, int) else store.sizes.setdefault(expected, size)
        fits = fits and size == known
    if not fits:
        words = ", ".join(f"{size} = {store.sizes[size]}" if size in store.sizes else str(size) for size in shape)
        raise Fault(f"array {name!r} expected the shape ({words}); got {array.shape}")


@dataclass(frozen=True, slots=True)
class Array:
    """An array of numbers.

    Attributes
    ----------
    shape : tuple of str or int
        A number, or the name of a size that all arrays of the file share.
    kind : str
        A key of `DTYPES`: floats ("f", "f4"), whole numbers ("i", "u2").
    low, high : float
        Least and greatest value.
    infinite : bool
        Whether infinity is a value, if it is in range; NaN never is.
    sums_to_one : bool
        Along the last axis; rows of zeros are padding.
    covariance : bool
        Symmetric in its last two axes and positive definite; matrices of zeros are padding.

    Examples
    --------
    >>> store = Store({"shares": np.array([0.4, 0.6])})
    >>> Array(("groups",), low=0, sums_to_one=True).read(None, "shares", store)
    array([0.4, 0.6])
    >>> store.sizes
    {'groups': 2}
    """

    shape: tuple[str | int, ...]
    kind: str = "f"
    low: float = -math.inf
    high: float = math.inf
    infinite: bool = False
    sums_to_one: bool = False
    covariance: bool = False

    def write(self, value: Any, name: str, store: Store) -> None:
        """Put the array into the store."""
        store.arrays[name] = np.ascontiguousarray(value, DTYPES[self.kind])

    def read(self, stored: Any, name: str, store: Store) -> np.ndarray:
        """Check type, shape and values."""
        if name not in store.arrays or stored is not None:
            raise Fault(f"array {name!r} is missing")
        array = store.arrays[name]
        if array.dtype != DTYPES[self.kind]:
            raise Fault(f"array {name!r} expected numbers of type {DTYPES[self.kind]}; got {array.dtype}")
        _check_shape(array, self.shape, name, store)
        if not (~np.isnan(array) if self.infinite else np.isfinite(array)).all():
            raise Fault(f"array {name!r} holds values that are not finite")
        if array.size and not (self.low <= array.min() and array.max() <= self.high):
            raise Fault(
                f"array {name!r} expected values from {self.low:g} to {self.high:g}; got {array.min():g} to "
                f"{array.max():g}"
            )
        self._check_values(array, name)
        return array

    def _check_values(self, array: np.ndarray, name: str) -> None:
        if self.sums_to_one:
            total = array.sum(axis=-1)
            padding = (array == 0).all(axis=-1) & (array.ndim > 1)
            if not (np.isclose(total, 1, atol=1e-6) | padding).all():
                raise Fault(f"array {name!r} expected probabilities that add up to 1")
        if self.covariance:
            if array.size > _MAX_COVARIANCES or array.size * array.shape[-1] > _MAX_CUBES:
                raise Fault(f"array {name!r} expected fewer or smaller covariance matrices; got {array.shape}")
            positive = (np.linalg.eigvalsh(array) > 0).all(axis=-1) | (array == 0).all(axis=(-1, -2))
            if not (positive.all() and np.allclose(array, np.swapaxes(array, -1, -2))):
                raise Fault(f"array {name!r} expected covariance matrices, symmetric and positive definite")


@dataclass(frozen=True, slots=True)
class Texts:
    """An array of text, or, without a shape, one text.

    Attributes
    ----------
    shape : tuple of str
        The name of a size that all arrays of the file share; () for one text.
    known : tuple of str
        What a text may be; () for anything.
    max_texts, max_characters : int
        Most texts and most characters: each text becomes a Python object, far larger than in the file.

    Examples
    --------
    >>> store = Store({"classes": np.array(["present", "absent"])})
    >>> Texts(("classes",), known=("present", "absent", "uncertain")).read(None, "classes", store)
    ('present', 'absent')
    """

    shape: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    max_texts: int = 2_000_000
    max_characters: int = 1_000_000

    def write(self, value: Any, name: str, store: Store) -> None:
        """Put the text into the store."""
        store.arrays[name] = np.array(value, str)

    def read(self, stored: Any, name: str, store: Store) -> str | tuple[str, ...]:
        """Check type, shape and values."""
        if name not in store.arrays or stored is not None:
            raise Fault(f"array {name!r} is missing")
        array = store.arrays[name]
        if array.dtype.kind != "U":
            raise Fault(f"array {name!r} expected text; got {array.dtype}")
        _check_shape(array, self.shape, name, store)
        if array.size > self.max_texts or array.dtype.itemsize > 4 * self.max_characters:
            limits = f"{self.max_texts:,} texts of at most {self.max_characters:,} characters"
            raise Fault(f"array {name!r} expected at most {limits}")
        # Python ends in a SystemError over numbers that are no letter, and can't write halves of one.
        letters = array.reshape(-1).view(array.dtype.str[0] + "u4")
        if ((letters > 0x10FFFF) | ((letters >= 0xD800) & (letters < 0xE000))).any():
            raise Fault(f"array {name!r} holds what is no text")
        texts = array.tolist()
        found = (texts,) if isinstance(texts, str) else tuple(texts)
        strange = [text for text in found if self.known and text not in self.known]
        if strange:
            raise Fault(f"array {name!r} expected {', '.join(self.known)}; got {strange[0]!r:.40}")
        return texts if isinstance(texts, str) else found
