"""nbgrader's settings for this course: its whole cycle works on our notebooks.

Our notebooks carry nbgrader's marks and no solutions, so nothing has to be taken out of them, and the cell
that a student fills in keeps what it was handed out with.  Copy this file into the folder of your course;
docs/lecturers.md says how.
"""

import os

c = get_config()  # noqa: F821


def say_who(notebook, resources):
    """Whose notebook runs next: its parameters are this student's, whatever the cells say."""
    os.environ["HANDSHAKE_STUDENT"] = resources["nbgrader"]["student"]
    return notebook, resources


c.CourseDirectory.course_id = "handshake"

# What is handed out is the notebook as it is: without this, nbgrader would empty the cells to fill in.
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ClearOutput",
]

c.Autograde.autograde_preprocessors = [
    say_who,
    "nbgrader.preprocessors.Execute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# A checking cell that a student has deleted comes back.
c.OverwriteCells.add_missing_cells = True

# Nothing runs for ever.
c.ExecutePreprocessor.timeout = 30
c.ExecutePreprocessor.interrupt_on_timeout = True
