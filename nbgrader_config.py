"""nbgrader's settings for this course: its whole cycle works on our notebooks.

Our notebooks carry nbgrader's marks and no solutions, so nothing has to be taken out of them, and the cell
that a student fills in keeps what it was handed out with.  Copy this file into the folder of your course;
docs/lecturers.md says how.
"""

c = get_config()  # noqa: F821

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

# A checking cell that a student has deleted comes back.
c.OverwriteCells.add_missing_cells = True

# Nothing runs for ever.
c.ExecutePreprocessor.timeout = 30
c.ExecutePreprocessor.interrupt_on_timeout = True
