"""The hand-labelled recordings of Andersson et al. (2017): raw gaze with a coder's label for every sample."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.geometry import Screen
from gazeanalytics.tables import InputError

__all__ = ["LABELS", "Lund2013", "read_lund2013"]

LABELS = {1: "fixation", 2: "saccade", 3: "pso", 4: "pursuit", 5: "blink", 6: "undefined"}


@dataclass(frozen=True, slots=True)
class Lund2013(Brief):
    """One recording with events labelled by hand: fixation, saccade, PSO, pursuit, blink.

    Attributes
    ----------
    samples : pandas.DataFrame
        Table `samples`; x and y are screen pixels, NaN where the tracker lost the eye.
    labels : numpy.ndarray of int8, shape (samples,)
        Keys of `LABELS`.
    screen : Screen
        Size, resolution and viewing distance.
    person, stimulus, coder : str
        From the file's name.
    rate_hz : float
        As declared in the file.

    See Also
    --------
    read_lund2013 : reads one.

    References
    ----------
    Andersson, R., Larsson, L., Holmqvist, K., Stridh, M., & Nyström, M. (2017). One algorithm to rule them all? An
    evaluation and discussion of ten eye movement event-detection algorithms. Behavior Research Methods, 49, 616-637.

    Examples
    --------
    >>> screen = Screen(1024, 768, 380, 300, 670)
    >>> samples = pd.DataFrame({"reading": [0], "t": [0.0], "x": [512.0], "y": [384.0]})
    >>> recording = Lund2013(samples, np.array([1], np.int8), screen, "UH21", "img_Rome", "RA", 500.0)
    >>> [LABELS[code] for code in recording.labels.tolist()]
    ['fixation']
    """

    samples: pd.DataFrame
    labels: np.ndarray
    screen: Screen
    person: str
    stimulus: str
    coder: str
    rate_hz: float


def read_lund2013(path: str | Path, *, reading: int = 0) -> Lund2013:
    """Read one `.mat` file of Lund2013: raw gaze with events labelled by hand.

    Parameters
    ----------
    path : str or pathlib.Path
        Such as `TH34_img_Europe_labelled_MN.mat`.
    reading : int
        Key given to the recording.

    Raises
    ------
    InputError
        If the file is not of that kind.

    Examples
    --------
    >>> import scipy.io
    >>> from tempfile import TemporaryDirectory
    >>> position = np.array([[0, 0, 0, 512.0, 384, 1], [0, 0, 0, 0, 0, 5]])  # gaze and label, then a lost sample
    >>> screen = {"screenDim": [0.38, 0.30], "screenRes": [1024.0, 768], "viewDist": 0.67}
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "UH21_img_Rome_labelled_RA.mat")
    ...     scipy.io.savemat(path, {"ETdata": {"pos": position, "sampFreq": 500.0, **screen}})
    ...     recording = read_lund2013(path)
    >>> recording.samples["t"].tolist(), recording.labels.tolist(), recording.stimulus
    ([0.0, 2.0], [1, 5], 'img_Rome')
    """
    import scipy.io

    path = Path(path)
    try:
        recording = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)["ETdata"]
    except (KeyError, ValueError, NotImplementedError, OSError) as error:
        raise InputError(f"{path}: is not a Lund2013 recording ({error}); it needs a struct named ETdata") from None
    x, y = recording.pos[:, 3].astype(float), recording.pos[:, 4].astype(float)
    lost = (x == 0) & (y == 0)
    rate = float(recording.sampFreq)
    samples = pd.DataFrame(
        {
            "reading": np.full(len(x), reading, np.int64),
            "t": np.arange(len(x)) * (1000 / rate),
            "x": np.where(lost, np.nan, x),
            "y": np.where(lost, np.nan, y),
        }
    )
    width_mm, height_mm = np.asarray(recording.screenDim, float) * 1000
    width_px, height_px = np.asarray(recording.screenRes, float)
    screen = Screen(width_px, height_px, width_mm, height_mm, float(recording.viewDist) * 1000)
    person, stimulus = path.stem.split("_", 1)
    stimulus, coder = stimulus.rsplit("_labelled_", 1)
    return Lund2013(samples, recording.pos[:, 5].astype(np.int8), screen, person, stimulus, coder, rate)
