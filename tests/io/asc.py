"""EyeLink ASC text of which everything is known: written line by line as edf2asc writes it."""

from dataclasses import dataclass, field

HEADER = "** CONVERTED FROM own.edf using edfapi\n** DATE: Mon Jan  1 10:00:00 2024\n**\n\n"


def number(value, width=7):
    """A cell of a sample: a number with one decimal, or the lone point of a lost one."""
    return "   ." if value is None else f"{value:{width}.1f}"


@dataclass
class Asc:
    """Text of a recording, and how many lines of each kind stand in it.

    `eyes` is any of "L", "R", "LR"; `extra` are words of the SAMPLES line that add columns.
    """

    eyes: str = "L"
    rate: float = 500.0
    kind: str = "GAZE"
    extra: tuple[str, ...] = ()
    clock: float = 100.0
    text: str = HEADER
    samples: int = 0
    open: bool = field(default=False, init=False)

    @property
    def words(self):
        return "\t".join({"L": "LEFT", "R": "RIGHT"}[eye] for eye in self.eyes)

    def start(self, clock=None):
        self.clock = self.clock if clock is None else clock
        declared = f"{self.kind}\t{self.words}" + ("\tHTARGET" if "HTARGET" in self.extra else "")
        after = "".join(f"\t{word}" for word in self.extra if word != "HTARGET")
        self.text += (
            f"START\t{self.stamp()} \t{self.words}\tSAMPLES\tEVENTS\nPRESCALER\t1\nVPRESCALER\t1\nPUPIL\tAREA\n"
            f"EVENTS\t{self.kind}\t{self.words}\tRATE\t{self.rate:7.2f}\tTRACKING\tCR\tFILTER\t2\n"
            f"SAMPLES\t{declared}\tRATE\t{self.rate:7.2f}\tTRACKING\tCR\tFILTER\t2{after}\n"
        )
        return self

    def end(self):
        self.text += f"END\t{self.stamp()} \tSAMPLES\tEVENTS\tRES\t  35.16\t  35.13\n"
        return self

    def stamp(self):
        return f"{self.clock:.1f}" if self.clock % 1 else f"{self.clock:.0f}"

    def line(self, text):
        self.text += text + "\n"
        return self

    def message(self, text, clock=None):
        return self.line(f"MSG\t{self.stamp() if clock is None else clock} {text}")

    def sample(self, *places, more=(), flags=None, target=None, stamp=None):
        """One sample line: x, y and pupil of each eye; the clock goes on by one interval."""
        cells = [self.stamp() if stamp is None else stamp, *(number(value) for value in places)]
        cells += [number(value) for value in more]
        cells.append(flags or "." * (1 + 2 * len(self.eyes)))
        if "HTARGET" in self.extra:
            lost = target is None
            cells += ["-32768.0", "-32768.0", "-32768.0"] if lost else [number(value) for value in target]
            cells.append("M............" if lost else ".............")
        self.text += "\t".join(cells) + "\n"
        self.samples += 1
        self.clock += 1000.0 / self.rate
        return self

    def steady(self, count, x=500.0, y=400.0, pupil=1000.0):
        """Samples at one place, the right eye 10 px to the right of the left one."""
        more = (1.0,) * len([word for word in self.extra if word in ("INPUT", "BUTTONS")])
        for place in range(count):
            at = [v for eye in self.eyes for v in (x + 0.1 * (place % 3) + 10.0 * (eye == "R"), y, pupil)]
            self.sample(*at, more=more, target=(5000.0, 3000.0, 600.5))
        return self

    def write(self, folder, name="own.asc", encoding="utf-8"):
        path = folder / name
        path.write_bytes(self.text.encode(encoding))
        return path


def trials(eyes="L", count=3, samples=20, rate=500.0):
    """A recording of some trials: gaze 10 samples before image onset (SYNCTIME) and `samples` after it."""
    made = Asc(eyes=eyes, rate=rate, clock=5000.0).message("DISPLAY_COORDS 0 0 1919 1079")
    for trial in range(count):
        made.message(f"TRIALID {trial}").start()
        made.steady(10)
        made.message("-4 SYNCTIME")
        made.steady(samples, x=600.0 + 100.0 * trial)
        made.message(f"!V TRIAL_VAR image case{trial}").end().message("TRIAL_RESULT 0")
        made.clock += 400.0
    return made
