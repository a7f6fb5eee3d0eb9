"""Attention maps: densities of points and how maps agree with points and with one another."""

from gazeanalytics.gaze.attention.density import Maps, Smoothing, density
from gazeanalytics.gaze.attention.points import auc_judd, nss

__all__ = ["Maps", "Smoothing", "auc_judd", "density", "nss"]
