"""What is seen of runs: figures, tables, pages, text, TensorBoard."""

from tfcmc.report.page import Finding as Finding
from tfcmc.report.page import Picture as Picture
from tfcmc.report.page import Report as Report
from tfcmc.report.page import Section as Section
from tfcmc.report.page import write_report as write_report
from tfcmc.report.table import Cell as Cell
from tfcmc.report.table import Column as Column
from tfcmc.report.table import Table as Table
from tfcmc.report.table import difference as difference
from tfcmc.report.table import over_seeds as over_seeds
from tfcmc.report.table import separated as separated
from tfcmc.report.text_tables import csv_text as csv_text
from tfcmc.report.text_tables import laid_out as laid_out
from tfcmc.report.text_tables import latex as latex
from tfcmc.report.text_tables import markdown as markdown
from tfcmc.report.text_tables import pipe_table as pipe_table
from tfcmc.report.text_tables import screen_text as screen_text
