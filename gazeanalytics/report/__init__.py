"""Figures, tables and one page for the paper, from the tables of the other rooms."""

from gazeanalytics.report.figures import (
    attention_map,
    calibration,
    caterpillar,
    data_loss,
    forest,
    main_sequence,
    outcome_by_strategy,
    sampling_rate,
    scanpath,
    strategy_profiles,
    strategy_shares,
)
from gazeanalytics.report.pages import Picture, Section, page
from gazeanalytics.report.readers import pool_bands, pool_small, table_one
from gazeanalytics.report.styling import DOUBLE_MM, OKABE_ITO, SINGLE_MM, save, style
from gazeanalytics.report.tables import PaperTable, format_estimates, format_frame
from gazeanalytics.report.writers import write_table

__all__ = [
    "DOUBLE_MM",
    "OKABE_ITO",
    "SINGLE_MM",
    "PaperTable",
    "Picture",
    "Section",
    "attention_map",
    "calibration",
    "caterpillar",
    "data_loss",
    "forest",
    "format_estimates",
    "format_frame",
    "main_sequence",
    "outcome_by_strategy",
    "page",
    "pool_bands",
    "pool_small",
    "sampling_rate",
    "save",
    "scanpath",
    "strategy_profiles",
    "strategy_shares",
    "style",
    "table_one",
    "write_table",
]
