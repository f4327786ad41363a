"""Time and memory of PartialSeg beside nnU-Net and MONAI, with the same network, weights and windows: `make bench`.

`parts` say what is compared, and with which target; they run in the parent process, which stays small. `jobs` are the
work that is measured; every job runs in a process of its own.
"""
