"""Calibration errors beside those of the package by Kumar, Liang & Ma (2019).

pip install uncertainty-calibration; python tests/reference/calibration_against_peer.py
"""

import calibration as peer
import numpy as np
from calibration import utils

from gazeanalytics.stats import calibration


def main() -> None:
    rng = np.random.default_rng(0)
    for count in (200, 1000, 5000):
        p = rng.beta(1, 2, count)
        y = (rng.random(count) < p**1.3).astype(int)
        ours = calibration(p, y, n_resamples=0).set_index("term")["estimate"]
        binned = utils.bin(list(zip(p, y, strict=True)), peer.get_equal_bins(p, num_bins=10))
        theirs = {
            "ece_debiased": utils.unbiased_l2_ce(binned),
            "ece_adaptive": utils.plugin_ce(binned, power=1),
            "ece": peer.get_ece(p, y, num_bins=10),
        }
        for term, value in theirs.items():
            print(f"{count:5d} {term:13s} ours {ours[term]:.15f} theirs {value:.15f}")


if __name__ == "__main__":
    main()
