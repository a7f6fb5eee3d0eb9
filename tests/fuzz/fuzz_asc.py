"""Fuzz EyeLink's ASC (see _runner.py). The first byte says which table is made, by which map.

Besides crashes, a finding is a line of the file that is neither read nor set aside, and a table without its contract.
"""

from pathlib import Path

from _runner import Finding, Target, fuzz, splicing, watched

HEAD = (
    b"** CONVERTED FROM a.edf\n** DATE: Mon Jan  1 10:00:00 2024\nMSG\t990 DISPLAY_COORDS 0 0 1023 767\n"
    b"MSG\t991 TRIALID 1\n"
)
BLOCK = b"START\t1000 \tRIGHT\tSAMPLES\tEVENTS\nPRESCALER\t1\nPUPIL\tAREA\n"
SEEDS = [
    HEAD + BLOCK + b"SAMPLES\tGAZE\tRIGHT\tRATE\t500.00\tTRACKING\tCR\tFILTER\t2\nSFIX R   1000\n"
    b"1000\t  512.0\t  384.0\t 1000.0\t...\nMSG\t1001 -4 SYNCTIME\n1002\t  512.5\t  384.1\t 1001.0\t...\n"
    b"1004\t   .\t   .\t    0.0\t...\nEFIX R   1000\t1300\t302\t  512.1\t  384.2\t   1000\n"
    b"END\t1304 \tSAMPLES\tEVENTS\tRES\t 38.5\t 31.1\nMSG\t1305 !V TRIAL_VAR image a.png\n",
    HEAD
    + b"START\t5 \tLEFT\tRIGHT\tSAMPLES\tEVENTS\nSAMPLES\tGAZE\tLEFT\tRIGHT\tHTARGET\tRATE\t2000.00\tTRACKING\tCR\n"
    b"1000\t512.0\t384.0\t1000.0\t514.0\t380.0\t990.0\t.....\t10.0\t20.0\t600.0\t.............\n"
    b"1000.5\t512.0\t384.0\t1000.0\t514.0\t380.0\t990.0\t...C.\t-32768.0\t.\t.\tM............\n",
    HEAD + BLOCK + b"SAMPLES\tHREF\tRIGHT\tVEL\tRES\tRATE\t250.00\tTRACKING\tP\tINPUT\n"
    b"1000\t1.0\t2.0\t3.0\t4.0\t5.0\t38.5\t31.1\t0.0\n1004\t1.0\t2.0\t3.0\t4.0\t5.0\t38.5\t31.1\t0.0\n",
    HEAD + BLOCK + b"EFIX L   100\t400\t300\t10.5\t20.5\t1200\nEFIX R   100\t400\t300\t11.5\t20.5\t1200\n"
    b"SSACC R  1300\nSBLINK R  1310\nEBLINK R  1310\t1320\t10\nESACC R  1300\t1340\t40\t1.0\t2.0\t.\t.\t2.3e+06\t200\n"
    b"EFIX R   1420\t1700\t280\t1.0\t2.0\t0\n",
    b"INPUT\t1000\t127\nBUTTON\t1200\t5\t1\nMSG\t3 !CAL VALIDATION HV13 L LEFT  GOOD ERROR 0.31 avg. 0.75 max  OFFSET "
    b"0.17 deg. 6.0,-0.9 pix.\nMSG 4 !CAL\n>>>>>>> CALIBRATION\n  -76  7\n" + BLOCK + b"MSG 5 TRIALID\nMSG 6 TRIALID\n",
]
WORDS = [
    b"EFIX R ", b"ESACC L ", b"EBLINK R ", b"SFIX R ", b"MSG\t", b"START\t", b"END\t", b"INPUT\t", b"BUTTON\t", BLOCK,
    b"SAMPLES\tGAZE\tLEFT\tRIGHT\tRATE\t1000.00\n", b"HREF", b"HTARGET", b"VEL", b"RES", b"\t   .\t", b"...\n",
    b".....\n", b"TRIALID ", b"SYNCTIME\n", b"!V TRIAL_VAR image ", b"!CAL", b"GAZE_COORDS 0 0 1e300 5", b"750 ",
    b"PRESCALER\t10\n", b"\xe9", b"1e999", b"-32768.0", b"1e+08", b"999999999999", b"0.5", b"** ", b"\r\n", b"\x00",
    b"\xff\xfe", b"\xef\xbb\xbf",
]  # fmt: skip


def prepare() -> Target:
    import numpy as np

    from gazeanalytics.io import TableMap, load_shard, read_eyelink
    from gazeanalytics.tables import InputError, Rejects

    ways = [
        {},
        {"eye": "mean", "onset_message": "SYNCTIME"},
        {"eye": "right", "reading": ["file", "block"], "trust_units": True},
        {"reading": ["image", "trial_number"], "onset_message": "S*", "end_message": "T*"},
        {"reading": "file", "rate_hz": 500.0, "trust_units": True},
    ]
    maps = [TableMap.model_validate({"file": "a.asc", "format": "eyelink"} | way) for way in ways]

    def count(path: Path) -> None:
        recording = read_eyelink(path, rejects=Rejects(max_share=1.0))
        told = sum(recording.counts.values()) + sum(map(len, recording.rejected.values()))
        data = path.read_bytes()
        if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
            return  # lines of another encoding are not those of the bytes
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        if told != lines:
            raise Finding(f"{lines} lines, but {told} of them read or set aside: {recording.counts}")
        if not np.isfinite(recording.samples["t"].to_numpy(float)).all():
            raise Finding("a sample without a time")

    tables = ("samples", "fixations", "saccades")

    def run(data: bytes, folder: Path) -> None:
        way, rest = divmod(data[0] if data else 0, 2 * len(tables))
        table, rejects = tables[rest // 2], Rejects(max_share=0.5) if rest % 2 else None
        path = folder / "a.asc"
        path.write_bytes(data[1:])
        refusal = None
        uses = [lambda: count(path), lambda: load_shard(path, table, maps[way % len(maps)], rejects=rejects)]
        for use in uses:
            try:
                watched(use)
            except InputError as error:
                refusal = error
        if refusal is not None:
            raise refusal

    seeds = [bytes([7 * way + 1]) + seed for seed in SEEDS for way in range(len(maps))]
    return Target(run, seeds, (InputError,), WORDS, splicing(WORDS))


if __name__ == "__main__":
    fuzz(["gazeanalytics.io", "gazeanalytics.tables"], prepare)
