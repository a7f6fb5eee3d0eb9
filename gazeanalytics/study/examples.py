"""A study small enough to read: two people and a model look at two chest X-rays. The examples of this room use it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gazeanalytics.study.study import Study, open_study

__all__ = ["example_study"]

_FILES = {
    "study.toml": """
[study]
name = "two readers and a model"
[screen]
width_px = 1000
height_px = 800
width_mm = 300
height_mm = 240
distance_mm = 600
""",
    "readers.csv": """
reader,kind,experience_years,country
ann,person,12,Chile
bob,person,2,Chile
net,model,,
""",
    "cases.csv": """
case,width,height,target,truth_pneumothorax,truth_edema
one,1000,800,pneumothorax,1,0
two,1000,800,edema,0,0
""",
    "readings.csv": """
reading,reader,case
1,ann,one
2,ann,two
3,bob,one
4,bob,two
5,net,one
6,net,two
""",
    "regions.csv": """
case,region,kind,x0,y0,x1,y1,finding
one,left,organ,500,100,900,700,
one,right,organ,100,100,500,700,
one,apex,lesion,600,150,700,250,pneumothorax
two,left,organ,500,100,900,700,
two,right,organ,100,100,500,700,
""",
    "fixations.csv": """
reading,onset,duration,x,y
1,0,300,300,400
1,350,400,650,200
1,800,700,660,210
2,0,250,300,300
2,300,350,700,500
3,0,200,300,400
3,250,300,400,600
4,0,500,600,300
4,600,300,200,300
""",
    "traces.csv": """
reading,step,text
1,0,There is a left apical pneumothorax.
2,0,No edema.
3,0,Possible pneumothorax.
4,0,Probable edema.
5,0,Findings: small pneumothorax. <answer>pneumothorax</answer>
6,0,No edema. <answer>normal</answer>
""",
}


def example_study() -> Study:
    """Write the small study to a folder of its own and open it.

    Returns
    -------
    Study
        Six readings by two people and a model, with fixations, regions and traces.

    Examples
    --------
    >>> study = example_study()
    >>> study.check()["readings"], study.has("samples")
    (6, False)
    """
    folder = Path(tempfile.mkdtemp(prefix="gazeanalytics-example-"))
    for name, text in _FILES.items():
        (folder / name).write_text(text.lstrip(), "utf-8")
    return open_study(folder)
