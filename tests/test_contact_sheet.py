"""Pictures of any size stand side by side under their titles."""

from __future__ import annotations

import numpy as np
import pytest

from vidcolor.pipeline.contact_sheet import TITLE_LINES, contact_sheet


def plain(height: int, width: int, colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def test_every_picture_is_found_again_in_its_row_and_column():
    red, green, blue = plain(50, 100, (255, 0, 0)), plain(400, 400, (0, 255, 0)), plain(90, 30, (0, 0, 255))
    sheet = contact_sheet([[red, green], [blue]], ("first", "second"), lines=100)
    assert sheet.shape == (TITLE_LINES + 200, 200 + 100, 3)
    assert tuple(sheet[TITLE_LINES + 50, 100]) == (255, 0, 0)
    assert tuple(sheet[TITLE_LINES + 50, 250]) == (0, 255, 0)
    assert tuple(sheet[TITLE_LINES + 150, 100]) == (0, 0, 255)
    assert not sheet[TITLE_LINES + 100 :, 200:].any()


def test_titles_are_written():
    assert contact_sheet([[plain(20, 80, (0, 0, 0))]], ("truth",))[:TITLE_LINES].max() > 200


def test_a_picture_without_a_title_is_refused():
    with pytest.raises(ValueError, match="more pictures than there are labels"):
        contact_sheet([[plain(4, 4, (0, 0, 0))] * 2], ("one",))
