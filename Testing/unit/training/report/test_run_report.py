"""The report of a run: one file, made from whatever the run's folder holds."""

import json
import re

import pytest
from tiny_dataset import SPACING

from partialseg_training.checks import check_dataset
from partialseg_training.report import write_run_report
from partialseg_training.report.logs import best_validation, hours, read_lines
from PartialSegLib.dataset import load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.structures import load_label_set


@pytest.fixture
def run(make_config, store, manifest, tmp_path):
    """A run of 40 steps, two of them validated, by its traces."""
    folder = tmp_path / "run"
    folder.mkdir()
    cases = ["ct_a", "ct_b", "mr"]
    names = {"store": str(store[0].parent), "train": cases, "preprocessing": {"spacing": list(SPACING)}}
    config = make_config(name="<script>alert(1)</script>", **names)
    (folder / "config.json").write_text(config.model_dump_json(), encoding="utf-8")
    log = [
        {"step": s, "time": 100.0 + s, "loss": 2.0 / s, "dice": 1.0 / s, "learning_rate": 0.1, "samples_per_s": 2.0}
        for s in range(1, 41)
    ]
    lines = [json.dumps(event) for event in log]
    (folder / "log.jsonl").write_text("\n".join([*lines, '{"step": 41, "lo']), encoding="utf-8")
    validation = [
        {"step": 20, "mean_dsc": 0.7, "structures": {"liver": 0.8, "right kidney": 0.6}, "best": True},
        {"step": 40, "mean_dsc": 0.6, "structures": {"liver": 0.7, "right kidney": 0.5}, "best": False},
    ]
    (folder / "validation.jsonl").write_text("\n".join(map(json.dumps, validation)), encoding="utf-8")
    checks = check_dataset(load_dataset(manifest), cases, (), (), load_label_set("abdomen16"))
    (folder / "checks.json").write_text(json.dumps(checks.to_json()), encoding="utf-8")
    return folder


def test_it_is_one_file_that_needs_nothing_else(run):
    text = write_run_report(run).read_text(encoding="utf-8")
    assert "Not for clinical use" in text and len(text) < 3_000_000
    assert not re.search(r"https?://|@import|<script|<link", text)
    sources = re.findall(r'src="([^"]{0,30})', text)
    assert sources and all(source.startswith("data:image/png;base64,") for source in sources)
    assert "&lt;script&gt;" in text  # a name is a name


def test_it_tells_how_the_run_went(run):
    text = write_run_report(run).read_text(encoding="utf-8")
    assert text.count("<svg") == 5
    assert "best, step 20" in text and "last, step 40" in text and "0.800" in text and "0.500" in text
    assert "<b>40</b>" in text and "of 30 steps" in text and "<b>0.700</b>" in text


def test_it_tells_what_was_learned_from(run):
    text = write_run_report(run).read_text(encoding="utf-8")
    assert "What was learned from" in text and "duodenum" in text and '<td class="none">none</td>' in text
    assert "tiny CT (2)" in text and "2 whole" in text and "tiny MR (1)" in text
    assert re.search(r"Sample \d+, from case (ct_a|ct_b|mr)\. Complete in the whole volume: [^.]*liver", text)


def test_a_run_that_has_only_begun(run):
    for name in ("log.jsonl", "validation.jsonl", "checks.json"):
        (run / name).unlink()
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    (run / "config.json").write_text(json.dumps({**config, "store": str(run / "gone")}), encoding="utf-8")
    text = write_run_report(run).read_text(encoding="utf-8")
    assert "<svg" not in text and "One training sample" not in text and "Settings" in text


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(UserError, match="no training run"):
        write_run_report(tmp_path)


def test_a_line_cut_short_is_left_out(run):
    log = read_lines(run / "log.jsonl")
    assert [event["step"] for event in log] == list(range(1, 41))


def test_time_between_a_stop_and_a_resume_does_not_count():
    log = [{"step": i, "time": 10.0 * i + (1e6 if i > 50 else 0)} for i in range(101)]
    assert hours(log) == pytest.approx((99 * 10 + 20 * 10) / 3600)
    assert hours(log[:1]) is None


def test_the_best_validation_is_the_last_that_was_best():
    events = [{"step": 1, "best": True}, {"step": 2, "best": True}, {"step": 3, "best": False}]
    assert best_validation(events)["step"] == 2 and best_validation([]) is None
