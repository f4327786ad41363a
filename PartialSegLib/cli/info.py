"""`partialseg info`: what a model is, what it knows, and whether its files are whole."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.cli.arguments import add_command
from PartialSegLib.cli.console import NOTICE, print_json, print_scores
from PartialSegLib.cli.failure import DONE

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle

_EXAMPLES = """\
examples:
  partialseg info                    the model that ships with PartialSeg
  partialseg info my_model/ --json
"""


def add_parser(commands: "argparse._SubParsersAction") -> None:
    """Add the `info` command."""
    parser = add_command(commands, "info", run, "describe a model and check its files", _EXAMPLES)
    parser.add_argument(
        "model", type=Path, nargs="?", metavar="MODEL", help="bundle folder (default: the one that ships)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print what the bundle says about itself; UserError when a file of it is not what its checksum says."""
    from PartialSegLib.bundle import Bundle
    from PartialSegLib.inference import available_devices

    bundle = Bundle.load(arguments.model)
    facts = _facts(bundle, available_devices())
    if arguments.json:
        print_json(facts)
    else:
        _print(facts)
    return DONE


def _facts(bundle: "Bundle", devices: list[str]) -> dict[str, Any]:
    from dataclasses import asdict

    from PartialSegLib.bundle import WEIGHTS

    return {
        "path": str(bundle.path),
        "metadata": bundle.metadata,
        "label_set": bundle.label_set.name,
        "structures": [structure.name for structure in bundle.label_set],
        "preprocessing": asdict(bundle.preprocessing),
        "patch_size": list(bundle.patch_size),
        "network": bundle.network_config,
        "weights_bytes": (bundle.path / WEIGHTS).stat().st_size,
        "devices": ["auto", *devices],
    }


def _print(facts: dict[str, Any]) -> None:
    metadata = facts["metadata"]
    lines = {
        "Model": f"{metadata['name']} {metadata['version']}",
        "About": metadata.get("description", ""),
        "Folder": facts["path"],
        "Files": "every file matches its SHA-256",
        "Weights": f"{facts['weights_bytes'] / 1e6:.1f} MB",
        "Structures": f"{len(facts['structures'])} ({facts['label_set']}): {', '.join(facts['structures'])}",
        "Grid": f"{_times(facts['preprocessing']['spacing'])} mm, windows of {_times(facts['patch_size'][::-1])}",
        "Network": facts["network"]["name"],
        "Devices": f"{', '.join(facts['devices'])} on this computer",
    }
    for name, text in lines.items():
        if text:
            print(f"{name:10}  {text}")
    print_scores(metadata.get("metrics") or {})
    print(NOTICE)


def _times(sizes: list[float]) -> str:
    return " x ".join(f"{size:g}" for size in sizes)
