import nbformat
from nbclient import NotebookClient

CELLS = (
    "import gazeanalytics as ga, pandas as pd\n"
    "f = pd.DataFrame({'reading': 1, 'onset': [0.0], 'duration': [250.0], 'x': [100.0], 'y': [80.0]})\n"
    "s = ga.report.Stimulus(size=(400, 300))\n"
    "ga.report.scanpath(f, stimulus=s);",
    "ga.report.scanpath(f, stimulus=s);",
    "with ga.report.off_screen():\n    ga.report.scanpath(f, stimulus=s)",
)


def test_a_notebook_shows_every_figure_and_not_only_the_first(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    NotebookClient(notebook, timeout=120).execute()
    shown = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in notebook.cells]
    assert shown == [1, 1, 0]
