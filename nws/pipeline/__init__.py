"""One executed pipeline: its record, the folder that people read, its predictions, its rows of the index.

This room turns a record into its view and back; it must not know how pipelines are run or how numbers are claimed.
"""

from nws.pipeline.table import FIXED_COLUMNS, Block, predictions_csv, read_predictions
from nws.pipeline.view import RESTORE, Pipeline

__all__ = ["FIXED_COLUMNS", "RESTORE", "Block", "Pipeline", "predictions_csv", "read_predictions"]
