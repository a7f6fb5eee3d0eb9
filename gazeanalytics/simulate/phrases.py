"""Sentences that readers say: a finding, a hedge, a place; and sentences that state no finding at all."""

from __future__ import annotations

from functools import cache

__all__ = ["LABELS", "NEUTRAL", "PLACES", "sentences"]

_NOUNS: dict[str, tuple[str, ...]] = {
    "enlarged_cardiomediastinum": ("mediastinal widening", "cardiomediastinal enlargement"),
    "cardiomegaly": ("cardiomegaly", "cardiac enlargement"),
    "lung_lesion": ("a lung nodule", "a pulmonary nodule", "a lung mass"),
    "lung_opacity": ("a lung opacity", "a hazy opacity", "an airspace opacity"),
    "edema": ("pulmonary edema", "interstitial edema", "edema"),
    "consolidation": ("consolidation", "lung consolidation", "airspace consolidation"),
    "pneumonia": ("pneumonia", "bronchopneumonia", "lobar pneumonia"),
    "atelectasis": ("atelectasis", "linear atelectasis", "subsegmental atelectasis"),
    "pneumothorax": ("a pneumothorax", "pneumothorax"),
    "pleural_effusion": ("a pleural effusion", "pleural effusion", "pleural fluid"),
    "pleural_other": ("pleural thickening",),
    "fracture": ("a rib fracture", "a fracture"),
    "support_devices": ("a pacemaker", "an endotracheal tube", "a central venous catheter"),
}
"""What a finding is called, with its article where it has one."""

_TEMPLATES: dict[float, tuple[str, ...]] = {
    0.98: ("There is {a}", "{A} is present", "{A} is seen", "I see {a}"),
    0.95: ("Findings are consistent with {a}", "This is consistent with {a}", "Consistent with {a}"),
    0.90: ("Most likely {a}", "This is most likely {a}", "There is most likely {a}"),
    0.80: ("Likely {a}", "There is likely {a}", "This is likely {a}"),
    0.75: ("Probable {bare}", "There is probably {a}", "This is probably {a}"),
    0.70: ("Suspicious for {a}", "Findings are suspicious for {a}"),
    0.50: ("Possible {bare}", "There is possibly {a}", "This may represent {a}"),
    0.25: ("{Bare} is less likely", "I think {bare} is less likely"),
    0.15: ("{Bare} is unlikely", "I think {bare} is unlikely", "{Bare} seems unlikely"),
    0.05: ("{Bare} is very unlikely", "I think {bare} is very unlikely"),
    0.02: ("No {bare}", "There is no {bare}", "No evidence of {bare}", "I see no {bare}"),
}
"""Ways to state each probability; capital keys begin the sentence."""

NEUTRAL = (
    "The trachea is midline.",
    "The film quality is adequate.",
    "The patient is slightly rotated.",
    "The inspiration is good.",
    "The upper abdomen is unremarkable.",
    "The diaphragm is smooth on both sides.",
    "This is a frontal view.",
)
"""Sentences about the image and its normal structures, without a finding."""

PLACES: dict[str, str] = {
    "right_apex": "at the right apex",
    "left_apex": "at the left apex",
    "right_lung_upper": "in the right upper lung",
    "right_lung_middle": "in the right mid lung",
    "right_lung_lower": "in the right lower lung",
    "left_lung_upper": "in the left upper lung",
    "left_lung_middle": "in the left mid lung",
    "left_lung_lower": "in the left lower lung",
    "right_costophrenic_angle": "on the right",
    "left_costophrenic_angle": "on the left",
}
"""How an organ is said as a place; findings elsewhere are said without one."""

LABELS: dict[str, str] = {
    "enlarged_cardiomediastinum": "Enlarged Cardiomediastinum",
    "cardiomegaly": "Cardiomegaly",
    "lung_lesion": "Lung Lesion",
    "lung_opacity": "Lung Opacity",
    "edema": "Edema",
    "consolidation": "Consolidation",
    "pneumonia": "Pneumonia",
    "atelectasis": "Atelectasis",
    "pneumothorax": "Pneumothorax",
    "pleural_effusion": "Pleural Effusion",
    "pleural_other": "Pleural Other",
    "fracture": "Fracture",
    "support_devices": "Support Devices",
}
"""Findings as models name them in an answer."""


@cache
def sentences(finding: str, certainty: float) -> tuple[str, ...]:
    """All ways to say that a finding is there with this probability, without place and full stop.

    Examples
    --------
    >>> sentences("pleural_other", 0.15)
    ('Pleural thickening is unlikely', 'I think pleural thickening is unlikely', 'Pleural thickening seems unlikely')
    """
    ways = (_fill(template, noun) for noun in _NOUNS[finding] for template in _TEMPLATES[certainty])
    return tuple(dict.fromkeys(ways))


def _fill(template: str, noun: str) -> str:
    bare = noun.removeprefix("an ").removeprefix("a ")
    return template.format(a=noun, A=_capital(noun), bare=bare, Bare=_capital(bare))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
