import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazeanalytics.geometry import Box, Screen, Viewing, convert_points, fit_box

SCREEN = Screen(1920, 1080, 531, 299, 600)
place = st.floats(-3000, 3000)


def hand_angle(screen, x0, y0, x1, y1):
    """Angle between two rays, by the law of cosines in millimetres."""
    mm_x, mm_y = screen.width_mm / screen.width_px, screen.height_mm / screen.height_px
    a = np.array([(x0 - screen.width_px / 2) * mm_x, (y0 - screen.height_px / 2) * mm_y, screen.distance_mm])
    b = np.array([(x1 - screen.width_px / 2) * mm_x, (y1 - screen.height_px / 2) * mm_y, screen.distance_mm])
    cosine = (a @ a + b @ b - (a - b) @ (a - b)) / (2 * np.linalg.norm(a) * np.linalg.norm(b))
    return np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))


@given(place, place, place, place)
def test_angle_is_the_hand_computed_one(x0, y0, x1, y1):
    ours = float(SCREEN.viewing().angle(x0, y0, x1, y1))
    assert ours == pytest.approx(hand_angle(SCREEN, x0, y0, x1, y1), abs=2e-5)


def test_a_textbook_angle():
    # An object of 10.5 mm seen from 600 mm, centred on the line of sight: 2 atan(5.25 / 600).
    screen = Screen(1000, 1000, 1000, 1000, 600)
    expected = 2 * np.rad2deg(np.arctan(5.25 / 600))
    assert float(screen.viewing().angle(500 - 5.25, 500, 500 + 5.25, 500)) == pytest.approx(expected, rel=1e-12)


def test_the_edge_covers_less_than_the_centre():
    viewing = SCREEN.viewing()
    assert viewing.angle(0, 540, 40, 540) < viewing.angle(940, 540, 980, 540)


@given(st.floats(100, 4000), st.floats(100, 4000), place, place)
def test_a_crop_keeps_the_angle_of_the_screen(width, height, x, y):
    shown, at = Box(50, 20, 50 + width, 20 + height), Box(100, 60, 1500, 900)
    ix, iy = convert_points(x, y, at, shown)
    there = SCREEN.viewing(shown, at).degrees(ix, iy)
    here = SCREEN.viewing().degrees(x, y)
    np.testing.assert_allclose(there, here, atol=1e-9)


@given(place, place)
def test_frames_turn_back(x, y):
    image, screen = Box(0, 0, 2000, 2500), Box(420, 0, 1500, 1080)
    there = convert_points(x, y, image, screen)
    np.testing.assert_allclose(convert_points(*there, screen, image), (x, y), atol=1e-8)


def test_fit_box_fills_one_side_and_centres_the_other():
    assert fit_box(2000, 1000, Box(0, 0, 1000, 1000)) == Box(0, 250, 1000, 750)
    assert fit_box(500, 1000, Box(0, 0, 1000, 1000)) == Box(250, 0, 750, 1000)


def test_viewing_of_many_readings():
    viewing = Viewing.from_px_per_deg([30.0, 60.0], [100, 200], [100, 400])
    assert viewing.rows(2).shape == (2, 4)
    np.testing.assert_allclose(viewing.px_per_deg, [30, 60])
    with pytest.raises(ValueError, match="viewing of 2 readings given for 3 readings"):
        viewing.rows(3)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((1920, 1080, 531, 299, 0), "screen: distance_mm must be a positive number; got 0"),
        ((1920, 1080, float("nan"), 299, 600), "screen: width_mm must be a positive number; got nan"),
        ((1920, 1080, 5.31, 299, 600), "a pixel would be 0.01 times as wide as high; check width_mm and height_mm"),
    ],
)
def test_an_impossible_screen_is_refused(numbers, words):
    with pytest.raises(ValueError, match=words):
        Screen(*numbers)


def test_impossible_boxes_and_scales_are_refused():
    with pytest.raises(ValueError, match="a box needs x1 > x0"):
        Box(1, 0, 1, 5)
    with pytest.raises(ValueError, match="px_per_deg must be positive; got 0"):
        Viewing.from_px_per_deg(0)
