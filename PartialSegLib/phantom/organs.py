"""The 16 structures, by label value, in their places: (x left, y posterior, z superior) mm from L1's front."""

from collections.abc import Sequence

import numpy as np

from PartialSegLib.phantom.canvas import Box, Canvas
from PartialSegLib.phantom.shapes import TubeNode, ellipsoid, tube

SPLEEN, RIGHT_KIDNEY, LEFT_KIDNEY, GALLBLADDER, ESOPHAGUS, LIVER, STOMACH, AORTA = range(1, 9)
POSTCAVA, PANCREAS, RIGHT_ADRENAL, LEFT_ADRENAL, DUODENUM, BLADDER, PROSTATE, PORTAL_VEIN = range(9, 17)

_TUBES: dict[int, tuple[float, Sequence[TubeNode]]] = {
    PANCREAS: (92.0, [(-34, -16, -42, 15), (-12, -26, -22, 11), (24, -20, -2, 11), (66, 18, 8, 10), (82, 28, 14, 8)]),
    POSTCAVA: (145.0, [(-22, -2, 92, 13), (-22, 6, 30, 13), (-21, 11, -40, 12), (-16, 14, -112, 11)]),
    AORTA: (185.0, [(14, 22, 125, 12), (12, 16, 40, 11), (9, 13, -40, 10), (5, 13, -106, 9)]),
    PORTAL_VEIN: (
        165.0,
        [(88, 34, 24, 4), (58, 18, 16, 5), (20, -6, 4, 5.5), (-8, -12, -10, 7), (-30, -10, 14, 7.5), (-62, -8, 32, 5)],
    ),
    ESOPHAGUS: (48.0, [(10, -2, 125, 8.5), (10, -2, 90, 8.5), (24, -10, 66, 8), (42, -8, 52, 8)]),
}
_LIVER_VEINS = [
    [(-24, 4, 58, 5), (-60, 0, 52, 4), (-104, 6, 34, 2.5)],
    [(-24, 0, 60, 5), (-50, -32, 46, 4), (-76, -58, 28, 2.5)],
    [(-22, -4, 60, 5), (4, -34, 44, 4), (26, -52, 34, 2.5)],
    [(-60, -8, 30, 5), (-90, 0, 12, 3.5), (-108, 8, -14, 2.5)],
    [(-44, -12, 26, 5), (-66, -36, 14, 3.5), (-88, -40, -8, 2.5)],
]
_ADRENALS = {
    RIGHT_ADRENAL: [
        [(-35, 22, 32, 3.6), (-37, 31, 20, 4.4), (-29, 42, 8, 3.4)],
        [(-37, 31, 20, 4.4), (-47, 44, 8, 3.4)],
    ],
    LEFT_ADRENAL: [
        [(33, 10, 26, 3.6), (36, 22, 22, 4.6), (32, 38, 14, 3.6)],
        [(36, 22, 22, 4.6), (49, 36, 12, 3.6)],
    ],
}


def paint_organs(canvas: Canvas, cavity: np.ndarray) -> None:
    """Paint all 16 structures with their labels; abdominal organs stay inside `cavity` (bool, z, y, x)."""
    _paint_liver_and_spleen(canvas, cavity)
    for value, side, centre in ((RIGHT_KIDNEY, -1.0, (-63, 46, -46)), (LEFT_KIDNEY, 1.0, (63, 44, -30))):
        _paint_kidney(canvas, value, side, (float(centre[0]), float(centre[1]), float(centre[2])))
    _paint_stomach(canvas, cavity)
    for value in (PANCREAS, POSTCAVA, AORTA, PORTAL_VEIN, ESOPHAGUS):
        hu, nodes = _TUBES[value]
        box, r = tube(canvas, nodes)
        canvas.paint(box, r < 1.0, hu, value)
    for value, limbs in _ADRENALS.items():
        for limb in limbs:
            box, r = tube(canvas, limb, step_mm=4.0)
            canvas.paint(box, r < 1.0, 80.0, value)
    _paint_duodenum(canvas)
    box, r = ellipsoid(canvas, (-56, -52, -30), (14, 17, 27), (25, 0, 0))
    canvas.paint(box, r < 1.06, 65.0, GALLBLADDER)
    canvas.paint(box, r < 0.97, 9.0, GALLBLADDER)
    _paint_pelvis(canvas)


def _paint_liver_and_spleen(canvas: Canvas, cavity: np.ndarray) -> None:
    whole = canvas.everything()
    relative = np.full(canvas.ct.shape, np.inf, np.float32)
    lobes = (
        ((-74, 2, 14), (62, 66, 88), (4, 14, 0)),
        ((-58, -38, 24), (62, 44, 52), (0, 10, 0)),
        ((8, -46, 34), (66, 34, 30), (0, -12, 8)),
    )
    for centre, radii, angles in lobes:
        box, r = ellipsoid(canvas, centre, radii, angles)
        relative[box] = np.minimum(relative[box], r)
    # The visceral face is hollow where kidney, adrenal gland, duodenum and stomach lie against it.
    for centre, radii in (((-14, 18, -58), (66, 66, 70)), ((-22, 42, 22), (28, 22, 48))):
        box, hollow = ellipsoid(canvas, centre, radii)
        relative[box][hollow < 1.0] = np.inf
    canvas.paint(whole, (relative < 1.0) & cavity, 112.0, LIVER)
    for vein in _LIVER_VEINS:
        box, r = tube(canvas, vein)
        canvas.paint(box, (r < 1.0) & (canvas.labels[box] == LIVER), 142.0, LIVER)
    box, r = ellipsoid(canvas, (104, 32, 22), (30, 48, 54), (20, -12, 20))
    medial, hollow = ellipsoid(canvas, (60, 10, 16), (38, 46, 62))
    away = np.ones(canvas.ct.shape, bool)
    away[medial] = hollow > 1.0
    canvas.paint(box, (r < 1.0) & cavity[box] & away[box], 122.0, SPLEEN)


def _paint_kidney(canvas: Canvas, value: int, side: float, centre: tuple[float, float, float]) -> None:
    """Cortex, medulla and a sinus of fat that opens to the midline; the fat is not kidney."""
    box, r = ellipsoid(canvas, centre, (27, 25, 54), (8, side * 12, -side * 18))
    canvas.paint(box, r < 1.0, 190.0, value)
    canvas.paint(box, r < 0.72, 150.0, value)
    hilum = (centre[0] - side * 20.0, centre[1] - 8.0, centre[2])
    box, r = ellipsoid(canvas, hilum, (19, 11, 20), (0, 0, side * 20))
    canvas.paint(box, r < 1.0, -95.0)
    vessel = [
        (hilum[0] + side * 6.0, hilum[1], hilum[2], 4.0),
        (-side * 2.0 + hilum[0] * 0.4, 16.0, centre[2] + 6, 4.5),
    ]
    box, r = tube(canvas, vessel)
    canvas.paint(box, r < 1.0, 150.0)


def _paint_stomach(canvas: Canvas, cavity: np.ndarray) -> None:
    nodes = [(62, 10, 48, 26), (68, -18, 32, 29), (62, -42, 2, 26), (28, -56, -28, 20), (-12, -52, -28, 14)]
    pylorus = [(-24, -46, -22, 10)]
    box, r = tube(canvas, [*nodes, *pylorus])
    inside = (r < 1.0) & cavity[box] & (canvas.labels[box] != SPLEEN)
    canvas.paint(box, inside, 75.0, STOMACH)
    _fill(canvas, box, inside & (r < 0.86), STOMACH, contents=24.0, gas_above=-48.0)


def _paint_duodenum(canvas: Canvas) -> None:
    nodes = [(-28, -46, -24, 10), (-46, -30, -28, 11), (-55, -12, -48, 11), (-50, -8, -78, 11), (-22, -12, -94, 10)]
    box, r = tube(canvas, [*nodes, (8, -10, -92, 9.5), (34, -8, -74, 10), (40, -16, -58, 10)])
    inside = (r < 1.0) & ~np.isin(canvas.labels[box], (AORTA, POSTCAVA))
    canvas.paint(box, inside, 72.0, DUODENUM)
    _fill(canvas, box, inside & (r < 0.72), DUODENUM, contents=22.0, gas_above=-200.0)


def _fill(canvas: Canvas, box: Box, inside: np.ndarray, label: int, contents: float, gas_above: float) -> None:
    """Fluid, and gas in front of the plane y = `gas_above` (the patient lies on the back)."""
    canvas.paint(box, inside, contents, label)
    canvas.paint(box, inside & (canvas.y[box] < gas_above), -900.0, label)


def _paint_pelvis(canvas: Canvas) -> None:
    box, r = ellipsoid(canvas, (0, -28, -196), (44, 34, 31))
    canvas.paint(box, r < 1.0, 50.0, BLADDER)
    canvas.paint(box, r < 0.93, 6.0, BLADDER)
    box, r = ellipsoid(canvas, (0, -10, -241), (24, 19, 17))
    canvas.paint(box, (r < 1.0) & (canvas.labels[box] != BLADDER), 62.0, PROSTATE)
