"""A comparison of losses, written down: one page, and three kinds of table.

It gets plain records and knows neither run folders nor losses.
"""

from tfcmc.report.cells import difference as difference
from tfcmc.report.cells import separated as separated
from tfcmc.report.page import write_report as write_report
from tfcmc.report.records import Cell as Cell
from tfcmc.report.records import Column as Column
from tfcmc.report.records import Command as Command
from tfcmc.report.records import Failure as Failure
from tfcmc.report.records import Finding as Finding
from tfcmc.report.records import LossCard as LossCard
from tfcmc.report.records import Picture as Picture
from tfcmc.report.records import Report as Report
from tfcmc.report.records import Row as Row
from tfcmc.report.screen import screen_text as screen_text
from tfcmc.report.text_tables import csv_text as csv_text
from tfcmc.report.text_tables import latex as latex
from tfcmc.report.text_tables import markdown as markdown
from tfcmc.report.text_tables import pipe_table as pipe_table
