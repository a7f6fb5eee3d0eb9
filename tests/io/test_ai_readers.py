"""Labels without words, and a reader study's files, become our tables."""

import json

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import io, reasoning, stats, tables


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_probabilities_become_an_ai_readers_findings(tmp_path):
    path = written(tmp_path, "model.csv", "Study,Pleural Effusion,Edema\ns1,0.7,0.2\ns2,0.4,\n")
    found = tables.check(io.read_probabilities(path, threshold={"pleural_effusion": 0.3}), "findings")
    assert found[["reading", "finding", "status", "certainty"]].to_numpy().tolist() == [
        ["s1", "pleural_effusion", "present", 0.7],
        ["s1", "edema", "absent", 0.2],
        ["s2", "pleural_effusion", "present", 0.4],
    ]
    text = reasoning.labels_to_text(reasoning.to_chexpert(found), rng=0)
    assert reasoning.label_findings(text).status.tolist() == ["absent", "present", "present"]


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("Case,Edema\na,0.5\n", {}, r"model.csv: no column 'Study'; there are 'Case', 'Edema'"),
        ("Study,Edema\na,0.5\na,0.6\n", {}, "'a' is a duplicate key; keep one row a case"),
        ("Study,Edema\na,50\n", {}, r"row 2, column 'Edema': expected a probability, 0 to 1; got '50'"),
        ("Study,Edema\na,high\n", {}, r"row 2, column 'Edema': expected a probability, 0 to 1; got 'high'"),
        ("Study,Edema\na,0.5\n", {"threshold": {"edeema": 0.1}}, "no column; did you mean 'edema'"),
    ],
)
def test_probabilities_that_are_none_are_told(tmp_path, text, settings, message):
    with pytest.raises(tables.InputError, match=message):
        io.read_probabilities(written(tmp_path, "model.csv", text), **settings)


def test_real_classifiers_are_read(shared_data):
    folder = shared_data / "chexpert_test_readers" / "example_models" / "predictions" / "standard"
    found = io.read_probabilities(folder / "drnet_predictions.csv")
    assert len(found) == 500 * 5
    assert found.certainty.between(0, 1).all()


MAPLEZ = """subjectid_studyid,type_annotation,Cardiomegaly,Lung opacity,Edema,Fracture
10_1,labels,1,-1,-3,-2
10_1,probability,90,40,101,0
10_1,severity,2,-1,-1,-1
10_1,location,heart,right;lower,,
10_2,labels,0,1,-2,-2
"""


def test_maplez_becomes_a_report_reader(tmp_path):
    found = tables.check(io.read_maplez(written(tmp_path, "maplez.csv", MAPLEZ)), "findings")
    first = found[found.reading == "10_1"].set_index("finding")
    assert first.status.to_dict() == {"cardiomegaly": "present", "lung_opacity": "uncertain", "edema": "uncertain"}
    assert first[["certainty", "low", "high"]].to_numpy().tolist() == [[0.9] * 3, [0.4] * 3, [0.5, 0, 1]]
    assert first.severity["cardiomegaly"] == "moderate"
    assert first.location["lung_opacity"] == "right;lower"
    assert first.change.to_dict()["edema"] == "unchanged"
    second = found[found.reading == "10_2"]
    assert second.certainty.tolist() == [0, 1]


def test_codes_that_maplez_never_writes_are_told(tmp_path):
    with pytest.raises(
        tables.InputError, match=r"10_2, column 'cardiomegaly': expected one of -3, -2, -1, 0, 1; got 7"
    ):
        io.read_maplez(written(tmp_path, "maplez.csv", MAPLEZ.replace("labels,0", "labels,7")))
    with pytest.raises(tables.InputError, match="no row whose type_annotation is 'labels'; got severity"):
        io.read_maplez(written(tmp_path, "maplez.csv", "subjectid_studyid,type_annotation,Edema\n1,severity,2\n"))


DRAFTS = """unique_id,indication,reasoning,candidate,labels,image_paths,radcliq_score,resident
[F] [s1],"Cough, fever","**Thinking Process:**
Fluid on the right.

**Final Answer:**",Right effusion.,Small right pleural effusion.,['a.jpg'],0.9,Effusion on the right.
[F] [s2],Pain,**Thinking Process:** Clear. **Final Answer:**,Clear lungs.,No effusion.,['b.jpg'],1.25,
"""


def test_drafts_become_readings_of_model_resident_and_radiologist(tmp_path):
    drafts = io.read_drafts(written(tmp_path, "1.csv", DRAFTS))
    tables.check(drafts.traces, "traces")
    assert drafts.readings.reader.tolist() == ["model", "resident", "radiologist", "model", "radiologist"]
    assert drafts.cases[["case", "radcliq_score"]].to_numpy().tolist() == [["[F] [s1]", 0.9], ["[F] [s2]", 1.25]]
    output = reasoning.parse_output(drafts.traces.text[0])
    assert (output.kind, output.answer) == ("final", "Right effusion")
    assert "Fluid on the right." in output.reasoning


def test_answers_become_a_row_a_sheet(tmp_path):
    sheets = {
        "c1": {"preferred": "A", "preferred_source": "candidate", "duration": 31.5, "factuality": "Agree"},
        "c1 residents": {"preferred": "B", "preferred_source": "resident", "**3.1: Write:**": "text"},
        "c2": {"preferred": "Comparable (Equivalent Quality)", "duration": 2},
        "c3": {},
    }
    table = io.read_responses([written(tmp_path, "reader-1.json", json.dumps(sheets))], condition="full")
    assert table.reader.unique().tolist() == ["reader-1"]
    assert table.case.tolist() == ["c1", "c1", "c2", "c3"]
    assert table.draft.tolist() == ["candidate", "resident", "candidate", "candidate"]
    assert table.preferred.tolist()[:3] == ["candidate", "resident", "comparable"]
    assert table.favourable.tolist()[:3] == [1, 0, 1]
    assert np.isnan(table.favourable[3])
    assert table.duration_ms.tolist()[::2] == [31500, 2000]
    assert table["3.1: Write"][1] == "text"
    assert table.factuality.cat.codes.tolist() == [3, -1, -1, -1]
    assert (table.condition == "full").all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "must hold one record a case"),
        ('{"c": {"preferred_source": "x"}}', "expected preferred_source to be candidate or resident; got 'x'"),
        ('{"c": {"duration": "1 min"}}', "expected a duration in seconds, at least 0; got '1 min'"),
        ('{"c": {"factuality": "Yes"}}', "factuality: expected one of Strongly Disagree.*got 'Yes'"),
        ("{", "is not complete JSON"),
    ],
)
def test_answers_that_cannot_be_are_told(tmp_path, text, message):
    with pytest.raises(tables.InputError, match=message):
        io.read_responses(written(tmp_path, "reader-1.json", text))


def test_a_case_named_twice_or_not_at_all_is_told(tmp_path):
    with pytest.raises(tables.InputError, match="no column 'unique_id'; did you mean 'unique id'"):
        io.read_drafts(written(tmp_path, "a.csv", "unique id,candidate\n1,x\n"))
    with pytest.raises(tables.InputError, match="duplicate case '1' in unique_id; keep one row a case"):
        io.read_drafts(written(tmp_path, "a.csv", "unique_id,candidate\n1,x\n1,y\n"))


def test_readers_of_a_study_stand_below_one_another(tmp_path):
    paths = [written(tmp_path, f"reader-{n}.json", '{"c": {"duration": 1}}') for n in (1, 2)]
    assert isinstance(table := io.read_responses(paths), pd.DataFrame)
    assert table.reader.tolist() == ["reader-1", "reader-2"]


def test_a_reader_study_goes_from_its_files_to_its_answers(tmp_path):
    rng = np.random.default_rng(0)
    for reader in range(5):
        sheets = {}
        for case in range(20):
            for draft, chance in (("", 0.7), (" residents", 0.5)):
                chosen = str(rng.choice(["candidate", "resident"], p=[chance, 1 - chance]))
                seconds = float(np.exp(4 + 0.4 * (draft != "") + rng.normal(0, 0.3)))
                level = io.LIKERT[int(rng.integers(1, 5)) - (draft != "")]
                sheets[f"c{case}{draft}"] = {"preferred_source": chosen, "duration": seconds, "factuality": level}
        written(tmp_path, f"reader-{reader}.json", json.dumps(sheets))
    table = io.read_responses(sorted(tmp_path.glob("*.json")))
    share = stats.preference(table[table.draft == "candidate"], outcome="favourable").iloc[0]
    assert share.conf_low < 0.7 < share.conf_high
    design = stats.Conditions("draft", reference="candidate")
    slower = stats.times_by_condition(table, design=design).contrasts.iloc[0]
    assert slower.contrast == "resident / candidate"
    assert slower.conf_low < np.exp(0.4) < slower.conf_high
    assert stats.ratings_by_condition(table, "factuality", design=design).contrasts.estimate[0] < 1
