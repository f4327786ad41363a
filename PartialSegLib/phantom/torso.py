"""Everything around the labelled structures: skin, fat, muscle, lungs, bones and bowel, all unlabelled."""

from collections.abc import Sequence

import numpy as np

from PartialSegLib.phantom.canvas import Canvas
from PartialSegLib.phantom.shapes import TubeNode, ellipsoid, tube

GAS, LUNG, FAT, MUSCLE, BONE, MARROW, BLOOD = -880.0, -840.0, -105.0, 58.0, 420.0, 150.0, 150.0


def paint_torso(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Paint the body; returns the abdominal cavity below the diaphragm (bool, z, y, x) that holds the organs."""
    whole = canvas.everything()
    skin = _outline(canvas, 168.0, 116.0, waist=0.08)
    canvas.paint(whole, skin < 1.0, FAT)
    wall = _outline(canvas, 150.0, 98.0, waist=0.06)
    canvas.paint(whole, wall < 1.0, MUSCLE)
    inner = _outline(canvas, 138.0, 87.0, waist=0.05)
    _paint_back(canvas)
    cavity = (inner < 1.0) & (canvas.y < 62.0 - 0.0022 * canvas.x**2 + 18.0 * (np.abs(canvas.x) > 45.0))
    canvas.paint(whole, cavity, FAT)
    diaphragm = _diaphragm(canvas)
    lungs = cavity & (canvas.z > diaphragm) & (np.abs(canvas.x) > 30.0 - 0.1 * (canvas.y - 20.0))
    canvas.paint(whole, lungs, LUNG)
    canvas.paint(whole, cavity & (np.abs(canvas.z - diaphragm) < 2.5), MUSCLE)
    _paint_heart(canvas)
    _paint_bones(canvas)
    _paint_muscles(canvas)
    _paint_bowel(canvas, rng)
    return cavity & (canvas.z < diaphragm - 2.0)


def _outline(canvas: Canvas, half_width: float, half_depth: float, waist: float) -> np.ndarray:
    """Relative radius of a body cross-section that is a rounded box, narrower at the waist."""
    narrow = 1.0 - waist * np.exp(-(((canvas.z + 70.0) / 60.0) ** 2))
    width = np.abs(canvas.x / (half_width * narrow)) ** 2.4
    return width + np.abs(canvas.y / (half_depth * (0.5 + 0.5 * narrow))) ** 2.4


def _diaphragm(canvas: Canvas) -> np.ndarray:
    """Height in mm of the two domes over every voxel's (x, y)."""
    right = 82.0 - ((canvas.x + 72.0) / 8.6) ** 2 * 0.85 - ((canvas.y + 5.0) / 10.5) ** 2 * 1.15
    left = 70.0 - ((canvas.x - 78.0) / 8.2) ** 2 * 0.85 - ((canvas.y - 0.0) / 10.5) ** 2 * 1.15
    middle = 58.0 - (canvas.x / 9.0) ** 2 - ((canvas.y + 20.0) / 11.0) ** 2
    return np.maximum(np.maximum(right, left), middle)


def _paint_back(canvas: Canvas) -> None:
    for side in (-1.0, 1.0):
        box, r = tube(canvas, [(side * 34, 82, 120, 22), (side * 34, 80, -80, 24), (side * 26, 88, -200, 18)])
        canvas.paint(box, r < 1.0, MUSCLE)


def _paint_heart(canvas: Canvas) -> None:
    box, r = ellipsoid(canvas, (18, -38, 112), (62, 40, 40), (0, 20, 0))
    canvas.paint(box, r < 1.0, 120.0)


def _paint_bones(canvas: Canvas) -> None:
    box, r = tube(canvas, [(0, 50, 130, 20), (0, 46, -60, 23), (0, 44, -110, 24), (0, 62, -150, 25)])
    level = (canvas.z[box] + 400.0) % 34.0
    body = (r < 1.0) & (level > 5.0)
    canvas.paint(box, r < 0.96, 90.0)
    canvas.paint(box, body, BONE)
    canvas.paint(box, body & (r < 0.86) & (level > 8.0) & (level < 31.0), MARROW)
    box, r = tube(canvas, [(0, 78, 130, 14), (0, 76, -110, 15), (0, 90, -160, 12)])
    canvas.paint(box, r < 1.0, BONE)
    canvas.paint(box, r < 0.62, 30.0)
    for side in (-1.0, 1.0):
        for top in range(-10, 150, 26):
            _paint_rib(canvas, side, float(top))
        _paint_hip(canvas, side)
    box, r = ellipsoid(canvas, (0, 72, -190), (44, 20, 48), (-25, 0, 0))
    canvas.paint(box, r < 1.0, BONE)
    canvas.paint(box, r < 0.85, MARROW)


def _paint_rib(canvas: Canvas, side: float, top: float) -> None:
    """A rib runs around the wall from the spine forward and down."""
    angles = np.deg2rad([80.0, 45.0, 10.0, -25.0, -50.0])
    nodes = [
        (side * 145.0 * float(np.cos(a)), 92.0 * float(np.sin(a)), top - 22.0 * (1.4 - float(a)), 5.5) for a in angles
    ]
    box, r = tube(canvas, nodes, step_mm=12.0)
    canvas.paint(box, r < 1.0, BONE)
    canvas.paint(box, r < 0.55, MARROW)


def _paint_hip(canvas: Canvas, side: float) -> None:
    box, r = ellipsoid(canvas, (side * 92, 22, -158), (9, 56, 52), (0, side * 18, -side * 32))
    canvas.paint(box, r < 1.0, BONE)
    canvas.paint(box, r < 0.8, MARROW)
    box, r = ellipsoid(canvas, (side * 88, 2, -232), (26, 26, 27))
    canvas.paint(box, r < 1.0, BONE)
    canvas.paint(box, r < 0.86, MARROW)


def _paint_muscles(canvas: Canvas) -> None:
    for side in (-1.0, 1.0):
        box, r = tube(canvas, [(side * 36, 42, -30, 9), (side * 44, 38, -90, 17), (side * 62, 0, -180, 17)])
        canvas.paint(box, r < 1.0, MUSCLE)
        box, r = ellipsoid(canvas, (side * 82, 84, -205), (62, 26, 62), (0, 0, -side * 24))
        canvas.paint(box, (r < 1.0) & (canvas.ct[box] == FAT) & (canvas.y[box] > 30.0), MUSCLE)
        box, r = tube(canvas, [(side * 9, 22, -108, 7), (side * 34, 20, -150, 6), (side * 56, -10, -210, 5)])
        canvas.paint(box, r < 1.0, BLOOD)


def _paint_bowel(canvas: Canvas, rng: np.random.Generator) -> None:
    frame = [(-102, 5, -150, 19), (-106, 0, -80, 20), (-70, -58, -72, 17), (0, -70, -84, 16), (78, -55, -50, 17)]
    descending = [(98, 18, -30, 16), (110, 22, -90, 14), (98, 15, -150, 13), (30, 30, -185, 13), (0, 45, -215, 14)]
    for nodes in (frame, descending):
        _paint_gut(canvas, nodes, gas=0.35)
    for _ in range(46):
        centre = rng.uniform((-78, -62, -172), (80, -14, -104))
        bend = rng.uniform(-24, 24, size=(3, 3)) * (1.0, 0.6, 0.7)
        _paint_gut(canvas, [(*(centre + offset).tolist(), rng.uniform(10.0, 13.0)) for offset in bend], gas=-0.6)


def _paint_gut(canvas: Canvas, nodes: Sequence[TubeNode], gas: float) -> None:
    """A wall, contents, and gas where the patient lying on the back has it: in front."""
    box, r = tube(canvas, nodes)
    canvas.paint(box, r < 1.0, 70.0)
    canvas.paint(box, r < 0.82, 28.0)
    middle = float(np.mean([node[1] for node in nodes]))
    canvas.paint(box, (r < 0.8) & (canvas.y[box] < middle - (1.0 - gas) * nodes[0][3]), GAS)
