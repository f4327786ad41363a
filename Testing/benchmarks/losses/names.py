"""What is compared, for those who must not import torch."""

PARTIAL, AXIAL, THREE_AXES, SCRIBBLES = "partial", "20 % of axial slices", "slices of three axes", "scribbles"
KINDS = (PARTIAL, AXIAL, THREE_AXES, SCRIBBLES)

OURS, PLAIN, NAIVE = "SelfDisambiguationLoss", "MONAI DiceCELoss", "per-slice loop"
SCRIBBLE_METHOD = "method scribble on scribbles"
