"""`python -m PartialSegLib.worker`: jobs as JSON lines on stdin, what becomes of them as JSON lines on stdout."""

from PartialSegLib.worker.child import main

if __name__ == "__main__":
    main()
