"""PartialSeg: abdominal segmentation that knows *unknown*, *background* and *known absent* apart.

Importing this package is cheap: torch and the network are loaded only when something is segmented or trained.
Not for clinical use.
"""

__version__ = "0.1.0"
