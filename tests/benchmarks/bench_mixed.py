"""CPU time of mixed models beside lme4, ordinal (R), mixedlm and glmm, on public data and a study of full size.

    python tests/benchmarks/bench_mixed.py FOLDER [PROBLEM ...]

FOLDER holds InstEval.csv.gz, VerbAgg.csv and sim_full.csv.gz. A peer that isn't installed is left out. All run on one
thread: CPU time would count the waiting of a second one as work.
"""

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")  # before NumPy

import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import pandas as pd

from gazeanalytics import stats

FIXED = "strategy + exp_z + context + difficulty"
TWO, THREE = "(1 | reader) + (1 | case)", "(1 | country) + (1 | reader) + (1 | case)"
PROBLEMS = {
    "InstEval": ("InstEval.csv.gz", "y ~ service + (1 | s) + (1 | d)", "gaussian"),
    "VerbAgg": ("VerbAgg.csv", "y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)", "binomial"),
    "full gaussian 2": ("sim_full.csv.gz", f"uncertainty ~ {FIXED} + {TWO}", "gaussian"),
    "full gaussian 3": ("sim_full.csv.gz", f"uncertainty ~ {FIXED} + {THREE}", "gaussian"),
    "full binomial 2": ("sim_full.csv.gz", f"correct ~ {FIXED} + {TWO}", "binomial"),
    "full binomial 3": ("sim_full.csv.gz", f"correct ~ {FIXED} + {THREE}", "binomial"),
    "full ordinal 3": ("sim_full.csv.gz", f"level ~ {FIXED} + {THREE}", "ordinal"),
    "full poisson 3": ("sim_full.csv.gz", f"hedges ~ {FIXED} + {THREE}", "poisson"),
    "full negative binomial 3": ("sim_full.csv.gz", f"hedges ~ {FIXED} + {THREE}", "negative binomial"),
    "half binomial 2": ("sim_full.csv.gz/2", f"correct ~ {FIXED} + {TWO}", "binomial"),
    "tenth ordinal 2": ("sim_full.csv.gz/10", f"level ~ {FIXED} + {TWO}", "ordinal"),
}


def load(folder, name):
    file, _, share = name.partition("/")
    data = pd.read_csv(Path(folder) / file)
    data = data.head(len(data) // int(share or 1)).copy()
    for column in ("s", "d", "service", "dept", "id"):
        if column in data:
            data[column] = data[column].astype(str)
    if "y" in data and "btype" in data:
        data["y"] = (data["y"].astype(str).isin(["Y", "1"])).astype(int)
    return data


def ours(data, formula, family):
    return stats.mixed(formula, data, family=family).log_likelihood


def mixedlm(data, formula, family):
    import mixedlm as peer

    if family == "gaussian":
        return peer.lmer(formula, data).logLik().value
    kind = {"binomial": peer.families.Binomial, "poisson": peer.families.Poisson}[family]
    return peer.glmer(formula, data, family=kind()).logLik().value


def glmm(data, formula, family):
    import glmm as peer

    fit = peer.fit(data, formula, family=family.replace(" ", ""))
    return next(getattr(fit, name) for name in ("loglik", "log_likelihood", "logLik") if hasattr(fit, name))


def r_fit(data, formula, family):
    """Time only the fit, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.csv"
        data.to_csv(file, index=False)
        return _run_r(file, formula, family)


def _run_r(file, formula, family):
    call = {
        "gaussian": f"lme4::lmer({formula}, d)",
        "ordinal": f"{{d$level <- factor(d$level); ordinal::clmm({formula}, d)}}",
        "negative binomial": f"lme4::glmer.nb({formula}, d)",
    }.get(family, f"lme4::glmer({formula}, d, family={family})")
    code = (
        f"d <- read.csv('{file}', stringsAsFactors=TRUE); for (v in c('s','d','service','id')) "
        "if (!is.null(d[[v]])) d[[v]] <- factor(d[[v]]); "
        f"t <- system.time(m <- {call}); cat(t[['user.self']] + t[['sys.self']], as.numeric(logLik(m)))"
    )
    out = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    seconds, value = map(float, out.stdout.split())
    return seconds, value


PEERS = {"mixedlm": mixedlm, "glmm": glmm}


def clock(call, *args):
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = call(*args)
    return time.process_time() - start, float(value)


def warm_up(folder):
    for file, formula, family in PROBLEMS.values():
        ours(load(folder, file).sample(1500, random_state=0), formula, family)


def main():
    folder, chosen = sys.argv[1], sys.argv[2:] or list(PROBLEMS)
    warm_up(folder)
    for name in chosen:
        file, formula, family = PROBLEMS[name]
        data = load(folder, file)
        seconds, value = clock(ours, data, formula, family)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name}: {len(data):,} rows, ours {seconds:.2f} CPU s, log lik. {value:.4f}, {peak:.0f} MB",
            flush=True,
        )
        for peer, call in PEERS.items():
            try:
                other, its = clock(call, data, formula, family)
            except Exception as error:
                print(f"  {peer}: {type(error).__name__}: {str(error)[:90]}", flush=True)
                continue
            print(f"  {peer} {other:.2f} CPU s, {other / seconds:.1f} x, log likelihood {its:.4f}", flush=True)
        if family in ("gaussian", "ordinal") or name == "VerbAgg":
            other, its = r_fit(data, formula, family)
            print(f"  R {other:.2f} CPU s, {other / seconds:.1f} x, log likelihood {its:.4f}", flush=True)


if __name__ == "__main__":
    main()
