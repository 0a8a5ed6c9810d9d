from __future__ import annotations

import numpy as np
import pytest

from uniultra.errors import PromptError
from uniultra.prompts.grouping import Typed, group, parse_typed


def test_each_box_is_an_object_and_points_join_the_smallest() -> None:
    typed = parse_typed(
        ["0,0,100,100", "20,20,60,60"], ["30,30", "90,90"], ["25,25", "95,5", "300,300"], each_point=False
    )
    outer, inner = group(typed)
    assert outer.points_xy == ((90, 90), (95, 5), (300, 300))
    assert outer.point_labels == (1, 0, 0)
    assert inner.points_xy == ((30, 30), (25, 25), (300, 300))
    assert inner.point_labels == (1, 0, 0)


def test_loose_points_are_one_object_or_one_each() -> None:
    together = group(Typed(points=((1, 1), (9, 9))))
    assert [p.points_xy for p in together] == [((1, 1), (9, 9))]
    each = group(Typed(points=((1, 1), (9, 9)), negatives=((5, 5),), each_point=True))
    assert [p.points_xy for p in each] == [((1, 1), (5, 5)), ((9, 9), (5, 5))]
    beside = group(Typed(boxes=((0, 0, 4, 4),), points=((9, 9),)))
    assert [p.box_xyxy for p in beside] == [(0, 0, 4, 4), None]


def test_a_click_beside_two_masks_corrects_the_nearest() -> None:
    first, second = np.zeros((20, 40), bool), np.zeros((20, 40), bool)
    first[2:8, 2:8], second[10:18, 20:30] = True, True
    one, two = group(Typed(points=((33, 12),)), [first, second])
    assert (one.points_xy, two.points_xy) == ((), ((33, 12),))


def test_clicks_correct_previous_masks() -> None:
    first, second = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    first[2:8, 2:8], second[10:18, 10:18] = True, True
    one, two = group(Typed(points=((3, 3),), negatives=((12, 12),)), [first, second])
    assert one.mask_hw is first
    assert (one.points_xy, one.point_labels) == (((3, 3),), (1,))
    assert (two.points_xy, two.point_labels) == (((12, 12),), (0,))
    [only] = group(Typed(points=((15, 3),)), [first])
    assert (only.mask_hw is first, only.points_xy) == (True, ((15, 3),))


@pytest.mark.parametrize(
    ("box", "point", "says"),
    [
        (["1,2,3"], [], "box '1,2,3' is not 4 numbers; give x0,y0,x1,y1 in pixels"),
        (["a,b,c,d"], [], "box 'a,b,c,d' is not 4 numbers"),
        ([], ["1"], "point '1' is not 2 numbers; give x,y in pixels"),
        ([], [], "no prompt: give --box"),
        (["9,9,1,1"], [], "empty or inverted"),
        (["nan,0,1,1"], [], "not four finite numbers"),
    ],
)
def test_bad_text(box: list[str], point: list[str], says: str) -> None:
    with pytest.raises(PromptError, match=says):
        group(parse_typed(box, point, [], each_point=False))
