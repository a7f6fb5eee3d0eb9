"""Files in: foreign recordings, traces and labels become our tables through a declared map."""

from gazeanalytics.io.ai_readers import read_maplez, read_probabilities
from gazeanalytics.io.aoi_files import read_aois
from gazeanalytics.io.chexone import LIKERT, Drafts, read_drafts, read_responses
from gazeanalytics.io.convert import convert
from gazeanalytics.io.distinct import refuse_conflicts
from gazeanalytics.io.eyelink import EyelinkRecording, Trials, eyelink_table, read_eyelink
from gazeanalytics.io.files import format_of, read_columns, read_header
from gazeanalytics.io.load import load_shard, shard_files
from gazeanalytics.io.lund2013 import Lund2013, read_lund2013
from gazeanalytics.io.maps import ColumnSource, TableMap
from gazeanalytics.io.parts import Part, parts_of
from gazeanalytics.io.plausible import foreign_name
from gazeanalytics.io.reader_studies import JafrocStudy, read_imrmc, read_jafroc, write_imrmc, write_jafroc
from gazeanalytics.io.recognising import concrete, fitting_presets
from gazeanalytics.io.summary import FileSummary, summarise_file

__all__ = [
    "LIKERT",
    "ColumnSource",
    "Drafts",
    "EyelinkRecording",
    "FileSummary",
    "JafrocStudy",
    "Lund2013",
    "Part",
    "TableMap",
    "Trials",
    "concrete",
    "convert",
    "eyelink_table",
    "fitting_presets",
    "foreign_name",
    "format_of",
    "load_shard",
    "parts_of",
    "read_aois",
    "read_columns",
    "read_drafts",
    "read_eyelink",
    "read_header",
    "read_imrmc",
    "read_jafroc",
    "read_lund2013",
    "read_maplez",
    "read_probabilities",
    "read_responses",
    "refuse_conflicts",
    "shard_files",
    "summarise_file",
    "write_imrmc",
    "write_jafroc",
]
