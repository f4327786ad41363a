"""The model card: what a model learned from, how good it is where it was tested, and what it must not be used for."""


def model_card(metadata: dict, config: dict) -> str:
    """Markdown text for a bundle's docs/README.md, from its metadata and training configuration."""
    preprocessing = config["preprocessing"]
    low, high = preprocessing["ct_window"]
    low_percentile, high_percentile = preprocessing["mr_percentiles"]
    patch = " x ".join(map(str, config["patch_size"]))
    sections = [
        f"# {metadata['name']} {metadata['version']} ({metadata['date']})",
        "**Not for clinical use.** For research and for starting annotations that a person then checks.",
        f"Segments the structures of label set `{metadata['label_set']}` in abdominal CT and MR.",
        "## How it was made",
        f"- Network: {_settings(config['network'])}; patch {patch} voxels (z, y, x).\n"
        f"- Preprocessing: {_by(preprocessing['spacing'])} mm (x, y, z); CT {low:g} to {high:g} HU; "
        f"MR percentiles {low_percentile:g} to {high_percentile:g} of the foreground.\n"
        f"- Method: {_settings(config['method'])}.\n"
        f"- Training: {metadata['training']['steps']} steps of {config['batch_size']} patches, seed {config['seed']}; "
        "weights are an exponential moving average, stored in half precision.\n"
        "- A structure that a source does not annotate is unknown there, never background.",
        *([config["notes"]] if config["notes"] else []),
        "## Training data and terms",
        metadata["terms"] or "Not stated.",
        f"Cases trained on ({len(config['train'])}): {', '.join(config['train'])}.",
        "## Results on cases no training saw",
        *(_table(name, summary) for name, summary in metadata["metrics"].items()),
        "DSC: Dice similarity coefficient. NSD: normalised surface Dice at 2 mm. HD95: 95th percentile of the surface "
        "distance in mm, over the cases in which the structure was found. n counts cases in which it is present.",
        "## Limits",
        "- Few training cases: expect failures on anatomy, contrast phases, scanners and fields of view unlike them.\n"
        "- After surgery, with large tumours, in children and in pregnancy it was never tested.\n"
        "- Small structures (adrenal glands, gallbladder, duodenum) are the least reliable. Check every contour.",
    ]
    return "\n\n".join(sections) + "\n"


def _table(dataset: str, summary: dict) -> str:
    mean = summary["mean_over_structures"]
    lines = [
        f"### {dataset}: {_cases(len(summary['cases']))} ({', '.join(summary['cases'])})",
        "",
        "| structure | n | missed | DSC mean (SD) | NSD mean (SD) | HD95 mean (SD), mm |",
        "|---|---|---|---|---|---|",
    ]
    for name, s in summary["structures"].items():
        hd95 = _spread(s["hd95_mm"], 1) if s["hd95_mm"] else "-"
        overlap = f"{_spread(s['dsc'], 3)} | {_spread(s['nsd'], 3) if s['nsd'] else '-'}"
        lines.append(f"| {name} | {s['n']} | {s['missed']} | {overlap} | {hd95} |")
    lines.append(f"| **mean over structures** | | | **{mean['dsc']:.3f}** | **{mean['nsd']:.3f}** | |")
    return "\n".join(lines)


def _settings(values: dict) -> str:
    """`name` and what is set, as text."""
    return ", ".join([f"`{values['name']}`", *(f"{key} {value}" for key, value in values.items() if key != "name")])


def _cases(n: int) -> str:
    return "1 case" if n == 1 else f"{n} cases"


def _spread(values: dict, digits: int) -> str:
    deviation = "" if values["sd"] is None else f" ({values['sd']:.{digits}f})"
    return f"{values['mean']:.{digits}f}{deviation}"


def _by(numbers: list[float]) -> str:
    return " x ".join(f"{number:g}" for number in numbers)
