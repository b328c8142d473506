"""The tables of offline work: strict readers and writers of readings, survey, truth and fixes, CSV or Parquet by
suffix."""

from engine.files.columns import FixTable, ReadingTable, SurveyTable, TruthTable
from engine.files.joined import PlanReadings, SurveyReadings, readings_for_plan, survey_for_plan
from engine.files.maps import load_learnt_map, load_radio_map, save_radio_map
from engine.files.read import read_fixes, read_readings, read_survey, read_truth
from engine.files.write import write_fixes, write_readings, write_truth

__all__ = [
    "FixTable",
    "PlanReadings",
    "ReadingTable",
    "SurveyReadings",
    "SurveyTable",
    "TruthTable",
    "load_learnt_map",
    "load_radio_map",
    "read_fixes",
    "read_readings",
    "read_survey",
    "read_truth",
    "readings_for_plan",
    "save_radio_map",
    "survey_for_plan",
    "write_fixes",
    "write_readings",
    "write_truth",
]
