"""EyeLink recordings as ASC text (edf2asc): samples, events, messages, blocks and trials."""

from gazeanalytics.io.eyelink.reading import read_eyelink
from gazeanalytics.io.eyelink.recording import EyelinkRecording
from gazeanalytics.io.eyelink.study_tables import EYELINK_TABLES, Eye, Trials, check_screen, eyelink_table

__all__ = ["EYELINK_TABLES", "Eye", "EyelinkRecording", "Trials", "check_screen", "eyelink_table", "read_eyelink"]
