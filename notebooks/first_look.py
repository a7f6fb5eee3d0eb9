# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A first look at a study
#
# A study is a folder with a `study.toml` and tables: who read what, where they looked, what they said. This lesson
# opens the sample study (simulated, so its truth is known), walks the path step by step, and compares what it finds
# with what was planted.

# %%
from pathlib import Path

import pandas as pd

import gazeanalytics as ga

folder = Path("../data_samples") if Path("../data_samples").exists() else Path("data_samples")
study = ga.study.open_study(folder)
pd.Series(study.check(), name="rows")

# %% [markdown]
# ## Who reads, and what
#
# Tables share one key: a *reading* is one reader looking at one case once. Time is in ms since image onset, place in
# image pixels.

# %%
study.table("readers").head()

# %%
print(ga.tables.describe("samples"))

# %% [markdown]
# ## From raw gaze to fixations
#
# The detector works in degrees, so it needs the screen. `[events]` of study.toml chooses another one.

# %%
samples = study.shard("samples", study.files("samples")[0])
events = ga.study.detect_events(study, samples)
events.settings

# %%
events.fixations.head()

# %% [markdown]
# Losses and noise, one row a reading:

# %%
events.quality.describe().round(3)

# %% [markdown]
# One reading on its image: circles grow with duration, colour is time.

# %%
first = events.fixations["reading"].iloc[0]
image = study.images.set_index("reading").loc[first]
regions = study.table("regions")
ga.report.scanpath(
    events.fixations[events.fixations["reading"] == first],
    stimulus=ga.report.Stimulus(
        size=(image["width"], image["height"]),
        regions=regions[regions["case"] == image["case"]],
        viewing=study.viewing(pd.Series([first])),
    ),
);

# %% [markdown]
# ## What they said
#
# Findings come out of the text with a status and a certainty: the probability that the words state.

# %%
findings = ga.study.label_traces(study)
traces = study.table("traces")
findings.merge(traces[["reading", "step", "text"]], on=["reading", "step"])[
    ["text", "finding", "status", "certainty", "low", "high"]
].head(8)

# %% [markdown]
# ## The whole path
#
# `analyse` runs every step; without a folder it writes nothing.

# %%
found = ga.study.analyse(study)
found.strategies.verdict

# %%
ga.report.format_estimates(found.estimates).text

# %%
ga.report.forest(found.estimates[found.estimates["model"] == "accuracy"], exponentiate=True);

# %% [markdown]
# ## Was it right?
#
# The study is simulated, so the planted strategies lie beside it. A paper's study has no such folder; that the path
# finds them here is what makes it trustworthy there.

# %%
truth = pd.read_parquet(folder / "truth" / "readings.parquet")
planted = truth.set_index("reading")["strategy"].rename("planted")
both = found.readings.join(planted, on="reading")
pd.crosstab(both["planted"], both["strategy"])
