"""A Python that runs the worker's child, but misbehaves as its first argument says.

hang STAGE   starts a process of its own at that stage, and then does nothing for ten minutes
noise        prints rubbish on stdout before and while it works
die          ends at once, with a complaint
guess        says at once that there is nothing, without looking
fill BYTES   may write no file longer than that, as on a full disk
"""

import os
import runpy
import subprocess
import sys
import time


def hang():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    time.sleep(600)


def hang_at(stage):
    if stage == "start":
        hang()
    from PartialSegLib.worker.acts import Acts

    progress = Acts._progress

    def stubborn(self, job):
        report = progress(self, job)

        def reported(at, fraction):
            report(at, fraction)
            if at == stage:
                hang()

        return reported

    Acts._progress = stubborn


def be_noisy():
    print("Welcome to this Python!")
    print('{"event": ')
    print("[1, 2]")
    sys.stdout.buffer.write(b"\xff\xfe\n" + b"x" * 100_000 + b"\n")
    sys.stdout.flush()
    from PartialSegLib.worker.acts import Acts

    segment = Acts.segment

    def noisy(self, request):
        print("a library speaks")
        os.write(1, b"and so does a C library\n")
        return segment(self, request)

    Acts.segment = noisy


def limit_files(size):
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def guess():
    import numpy as np

    from PartialSegLib.worker.acts import Acts
    from PartialSegLib.worker.voxels import write_labels

    def nothing(self, request):
        write_labels(request["labels"], np.zeros(request["volume"]["shape"], np.uint8))
        words = dict.fromkeys(("modality", "modality_reason", "device", "backend", "model_name", "model_version"), "")
        maps = {name: {} for name in ("confidence", "volumes_ml", "touches_edge", "timings")}
        slices = {axis: {6: [None] * n} for axis, n in zip("kji", request["volume"]["shape"], strict=True)}
        return {**words, **maps, "confidence_along": slices, "not_in_view": [], "pid": os.getpid()}

    Acts.segment = nothing


how = sys.argv[1]
if how == "hang":
    hang_at(sys.argv[2])
elif how == "noise":
    be_noisy()
elif how == "guess":
    guess()
elif how == "die":
    sys.exit("this Python is broken")
elif how == "fill":
    limit_files(int(sys.argv[2]))
module = sys.argv[sys.argv.index("-m") + 1]
runpy.run_module(module, run_name="__main__", alter_sys=True)
