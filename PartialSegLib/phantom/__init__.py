"""A synthetic torso with all 16 structures, for demonstrations and tests where no real CT is at hand."""

from PartialSegLib.phantom.make import make_phantom

__all__ = ["make_phantom"]
